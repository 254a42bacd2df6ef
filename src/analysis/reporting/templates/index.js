(function () {
  var tools = document.querySelector(".tools"), shown = document.querySelector(".shown");
  if (!tools) return;
  var box = tools.querySelector("input"), chips = [].slice.call(tools.querySelectorAll(".chip"));
  var cards = [].slice.call(document.querySelectorAll(".card")), filter = "all";
  function plain(text) { return text.toLowerCase().normalize("NFD").replace(/[\u0300-\u036f]/g, ""); }
  function fits(card, words) {
    var text = plain(card.textContent + " " + card.dataset.words);
    var kept = filter === "all" || card.dataset.groups.split(" ").indexOf(filter) >= 0;
    return kept && words.every(function (word) { return text.indexOf(word) >= 0; });
  }
  function update() {
    var words = plain(box.value).split(/\s+/).filter(Boolean), count = 0;
    cards.forEach(function (card) { card.hidden = !fits(card, words); if (!card.hidden) count += 1; });
    document.querySelectorAll(".study").forEach(function (study) {
      study.hidden = !study.querySelector(".card:not([hidden])");
    });
    var everything = count === cards.length && filter === "all" && !words.length;
    var message = count ? shown.dataset.shown.replace("{shown}", count).replace("{total}", cards.length) : shown.dataset.none;
    shown.textContent = everything ? "" : message;
  }
  chips.forEach(function (chip) {
    chip.addEventListener("click", function () {
      filter = chip.dataset.filter;
      chips.forEach(function (other) { other.setAttribute("aria-pressed", String(other === chip)); });
      update();
    });
  });
  box.addEventListener("input", update);
  tools.hidden = false;
  shown.hidden = false;
  update();
})();
