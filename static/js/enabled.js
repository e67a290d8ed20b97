// Loaded in <head> without defer: tells the style sheets, before anything is drawn, that the page is interactive. When
// the scripts that make it so cannot be loaded or do not start, it takes that back, and the page is the plain form.
{
  const { documentElement } = document;

  if ("noModule" in HTMLScriptElement.prototype) documentElement.dataset.live = "";

  addEventListener(
    "error",
    (event) => {
      const failed = event.target instanceof HTMLScriptElement ? event.target.src : event.filename;
      if (!failed || !new URL(failed, location.href).pathname.includes("/js/sitting/")) return;
      if (!document.body?.hasAttribute("data-ready")) delete documentElement.dataset.live;
    },
    true, // a script that does not load says so without bubbling
  );

  // While it is interactive, nothing leaves by the form: every answer goes through the outbox.
  addEventListener(
    "submit",
    (event) => {
      if ("live" in documentElement.dataset && event.target.matches(".questions")) event.preventDefault();
    },
    true,
  );
}
