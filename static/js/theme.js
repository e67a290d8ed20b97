// Keep the reader's choices of display in this browser: theme, text size, spacing, contrast. Loaded in <head> without
// defer, so that no page is drawn in another way first. Each choice is a data attribute on <html>; tokens.css reads it.
const root = document.documentElement;
const CHOICES = { theme: ["light", "dark"], textSize: ["112", "125", "150"], spacing: ["wide"], contrast: ["high"] };

const storeOf = (name) => (name === "theme" ? name : `display:${name}`);

function stored(name) {
  try {
    return localStorage.getItem(storeOf(name));
  } catch {
    return null; // storage forbidden: follow the system
  }
}

function apply(name, value) {
  if (CHOICES[name].includes(value)) root.dataset[name] = value;
  else delete root.dataset[name];
}

function choose(name, value) {
  apply(name, value);
  try {
    if (root.dataset[name]) localStorage.setItem(storeOf(name), value);
    else localStorage.removeItem(storeOf(name));
  } catch {
    // The choice then lasts as long as the page.
  }
}

function isDark() {
  return root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
}

for (const name of Object.keys(CHOICES)) apply(name, stored(name));

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-theme-toggle]")) choose("theme", isDark() ? "light" : "dark");
});

document.addEventListener("change", (event) => {
  const { display } = event.target.dataset;
  if (display in CHOICES) choose(display, event.target.value);
});
