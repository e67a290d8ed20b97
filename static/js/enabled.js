// Loaded in <head> without defer: tells the style sheets, before anything is drawn, that the page is interactive.
document.documentElement.dataset.live = "";
