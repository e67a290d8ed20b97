// htmx makes HTML of what the server sends in one place: Document.parseHTMLUnsafe. Trusted Types let only the policy named
// "htmx" do that, and it is used here alone, on a document that runs nothing; what could run is taken out before htmx puts
// the rest into the page. Loaded before htmx. Where browsers know no Trusted Types, the same is taken out.
{
  const policy = window.trustedTypes?.createPolicy("htmx", { createHTML: (text) => text });
  const RUNNING = "script, iframe, frame, object, embed, base, meta[http-equiv], link";

  const clean = (root) => {
    for (const element of root.querySelectorAll(RUNNING)) element.remove();
    for (const element of root.querySelectorAll("*")) {
      for (const { name, value } of [...element.attributes]) {
        const leads = /(^|:)(href|src|action|formaction)$/.test(name) && /^[\s\0-\x1f]*j[\s\S]*?:/i.test(value);
        if (name.startsWith("on") || name === "srcdoc" || leads) element.removeAttribute(name);
      }
      if (element.localName === "template") clean(element.content);
    }
  };

  Document.parseHTMLUnsafe = (text) => {
    const parsed = new DOMParser().parseFromString(policy ? policy.createHTML(text) : text, "text/html");
    clean(parsed);
    return parsed;
  };
}
