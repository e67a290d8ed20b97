// Which part of the page scrolls around an element: the middle of the screen, a scenario's column, or the whole page.

export function scrollerOf(element) {
  for (let parent = element.parentElement; parent && parent !== document.body; parent = parent.parentElement) {
    const { overflowY } = getComputedStyle(parent);
    if (/auto|scroll/.test(overflowY) && parent.scrollHeight > parent.clientHeight) return parent;
  }
  return document.scrollingElement;
}

// What of it one can see, in the window's coordinates.
export function windowOf(scroller) {
  if (scroller === document.scrollingElement) return { top: 0, bottom: innerHeight };
  const { top, bottom } = scroller.getBoundingClientRect();
  return { top: Math.max(top, 0), bottom: Math.min(bottom, innerHeight) };
}

// Scroll no further than needed to see a range or an element.
export function reveal(target, element, margin = 24) {
  const scroller = scrollerOf(element);
  const { top, bottom } = windowOf(scroller);
  const box = target.getBoundingClientRect();
  const by = box.top < top + margin ? box.top - top - margin : Math.max(0, box.bottom - bottom + margin);
  if (by) scroller.scrollBy({ top: by, behavior: "instant" });
}
