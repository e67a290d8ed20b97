// Highlighted places of one text: [start, end, start, end, …], ascending offsets into its characters. Pure functions.
// White space between words carries no mark of its own: it neither starts nor ends one, and never keeps two apart.

// Bring marks into order: inside the text, trimmed, ascending, without overlaps.
export function tidy(marks, text) {
  const ranges = [];
  for (let place = 0; place + 1 < marks.length; place += 2) {
    const range = trim(Math.max(marks[place], 0), Math.min(marks[place + 1], text.length), text);
    if (range) ranges.push(range);
  }
  ranges.sort(([one], [other]) => one - other);
  const tidied = [];
  for (const [start, end] of ranges) {
    const last = tidied.length - 1;
    if (last > 0 && !text.slice(tidied[last], start).trim()) tidied[last] = Math.max(tidied[last], end);
    else tidied.push(start, end);
  }
  return tidied;
}

export function trim(start, end, text) {
  while (start < end && !text[start].trim()) start += 1;
  while (end > start && !text[end - 1].trim()) end -= 1;
  return start < end ? [start, end] : null;
}

export const add = (marks, [start, end], text) => tidy([...marks, start, end], text);

export function remove(marks, [start, end], text) {
  const left = [];
  for (let place = 0; place < marks.length; place += 2) {
    left.push(marks[place], Math.min(marks[place + 1], start), Math.max(marks[place], end), marks[place + 1]);
  }
  return tidy(left, text);
}

// Is everything from start to end marked? A tidied list has no two marks with only white space between them.
export function covers(marks, [start, end]) {
  for (let place = 0; place < marks.length; place += 2) {
    if (marks[place] <= start && end <= marks[place + 1]) return true;
  }
  return false;
}
