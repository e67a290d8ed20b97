// The outline of an exam: the sum of the weights while one types. The server counts again whatever this says.
const sum = document.querySelector("[data-weight-sum]");

function show() {
  const weights = [...document.querySelectorAll("[data-weight]")].map((input) => input.value.trim());
  const total = weights.filter((weight) => /^\d{1,3}$/.test(weight)).reduce((before, weight) => before + Number(weight), 0);
  sum.dataset.state = total === 100 ? "ok" : "open";
  sum.textContent = total === 100 ? "100\u00a0%" : `${total}\u00a0% of 100\u00a0%`;
}

document.addEventListener("input", (event) => {
  if (event.target.matches("[data-weight]")) show();
});
window.addEventListener("pageshow", show); // the browser may have put back what was typed before
