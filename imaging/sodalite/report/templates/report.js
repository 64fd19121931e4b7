"use strict";
(() => {
  const table = document.getElementById("table");
  const open = () => {
    const target = location.hash && document.getElementById(location.hash.slice(1));
    if (target && target.tagName === "DETAILS") { target.open = true; target.scrollIntoView(); }
  };
  addEventListener("hashchange", open);
  open();
  addEventListener("beforeprint", () => document.querySelectorAll("details").forEach((part) => { part.open = true; }));
  if (!table) return;
  const body = table.tBodies[0];
  const rows = [...body.rows];
  const heads = [...table.tHead.rows[0].cells];
  const names = new Intl.Collator("en", { numeric: true });
  const key = (row, column) => (column ? row.cells[column].dataset.v : row.cells[0].textContent);
  const compare = (column, sign) => (a, b) => {
    const [x, y] = [key(a, column), key(b, column)];
    if (!column) return sign * names.compare(x, y);
    if (x === "" || y === "") return (x === "") - (y === "");
    return sign * (x - y);
  };
  heads.forEach((head, column) => head.firstElementChild.addEventListener("click", () => {
    const rising = head.getAttribute("aria-sort") !== "ascending";
    heads.forEach((other) => other.removeAttribute("aria-sort"));
    head.setAttribute("aria-sort", rising ? "ascending" : "descending");
    body.append(...rows.sort(compare(column, rising ? 1 : -1)));
  }));
  const shown = document.getElementById("shown");
  document.getElementById("filter").addEventListener("input", (event) => {
    const wanted = event.target.value.toLowerCase();
    let count = 0;
    for (const row of rows) {
      row.hidden = !row.cells[0].textContent.toLowerCase().includes(wanted);
      document.getElementById(row.dataset.i).hidden = row.hidden;
      count += !row.hidden;
    }
    shown.textContent = `${count} of ${rows.length}`;
  });
})();
