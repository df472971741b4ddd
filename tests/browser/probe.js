({
  // What the tests ask of a page; one object, so that a test can say which answer it wants.

  unfold(open = true) {
    for (const details of document.querySelectorAll("details")) details.open = open;
  },

  // Everything that Tab reaches, in the order of the document.
  reachable() {
    const all = document.querySelectorAll('a[href], summary, [tabindex="0"]');
    return [...all].filter((e) => e.checkVisibility());
  },

  // Where the keyboard is: which of those, whether it is within the window, how thick its outline is.
  focused() {
    const e = document.activeElement, box = e.getBoundingClientRect(), style = getComputedStyle(e);
    const inside = box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth;
    return [this.reachable().indexOf(e), inside, style.outlineStyle === "none" ? 0 : parseFloat(style.outlineWidth)];
  },

  // Elements beyond the right edge of the window; those inside a region that scrolls alone count on paper.
  sticking_out(paper = false) {
    const edge = document.documentElement.clientWidth + 0.5;
    return [...document.body.querySelectorAll("*")]
      .filter((e) => !e.closest(".skip, svg *") && (paper || !e.parentElement.closest(".scroll")))
      .filter((e) => e.checkVisibility() && e.getBoundingClientRect().right > edge)
      .map((e) => e.outerHTML.slice(0, 120));
  },

  // Elements that could hide a part of what they hold.
  cutting() {
    return [...document.body.querySelectorAll("*")]
      .filter((e) => !e.closest("svg") && !e.matches(".scroll, nav"))
      .filter((e) => getComputedStyle(e).overflowX !== "visible" || getComputedStyle(e).overflowY !== "visible")
      .map((e) => e.outerHTML.slice(0, 120));
  },

  scrolls_sideways() {
    return document.documentElement.scrollWidth > document.documentElement.clientWidth;
  },

  // Regions whose content is still hidden at the right when they are scrolled as far as they go.
  unreachable() {
    return [...document.querySelectorAll(".scroll")].filter((region) => {
      region.scrollLeft = 1e6;
      const right = region.firstElementChild.getBoundingClientRect().right;
      return right > region.getBoundingClientRect().right + 1;
    }).length;
  },

  // Of all words in charts: the smallest size on the screen, and those that leave their drawing.
  chart_words() {
    const charts = [...document.querySelectorAll("figure > .scroll > svg")];
    const words = charts.flatMap((svg) => [...svg.querySelectorAll("text")].map((text) => [svg, text]));
    const sizes = words.map(([svg, text]) => parseFloat(getComputedStyle(text).fontSize) * svg.getScreenCTM().a);
    const outside = words.filter(([svg, text]) => {
      const word = text.getBoundingClientRect(), chart = svg.getBoundingClientRect();
      return word.left < chart.left - 1 || word.right > chart.right + 1 || word.bottom > chart.bottom + 1;
    });
    return [Math.min(99, ...sizes), outside.map(([, text]) => text.textContent)];
  },

  hidden_cells() {
    return [...document.querySelectorAll("th, td")].filter((e) => !e.checkVisibility() || !e.getClientRects().length).length;
  },

  // Contrast as WCAG 2.2 defines it: of all words, and of all that is drawn in a colour of its own.
  contrast() {
    const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
    const channels = (colour) => {
      canvas.clearRect(0, 0, 1, 1);
      canvas.fillStyle = colour;
      canvas.fillRect(0, 0, 1, 1);
      return [...canvas.getImageData(0, 0, 1, 1).data].map((c) => c / 255);
    };
    const luminance = (colour) => {
      const [r, g, b] = channels(colour).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const behind = (element) => {
      for (let e = element; e; e = e.parentElement) {
        const colour = getComputedStyle(e).backgroundColor;
        if (channels(colour)[3] === 1) return colour;
      }
      return "Canvas";
    };
    const ratio = (element, colour) => {
      const [high, low] = [luminance(colour), luminance(behind(element))].sort((a, b) => b - a);
      return (high + 0.05) / (low + 0.05);
    };
    const memory = new Map();
    const found = [];
    const add = (element, colour, least) => {
      const key = `${colour} on ${behind(element)}`;
      if (!memory.has(key)) memory.set(key, ratio(element, colour));
      found.push([element.localName, key, memory.get(key), least]);
    };
    for (const e of document.body.querySelectorAll(":not(title, desc)")) {
      const style = getComputedStyle(e);
      const words = [...e.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim());
      if (words) add(e, e.localName === "text" ? style.fill : style.color, 4.5);
      const shape = ["polyline", "line", "circle", "rect", "path"].includes(e.localName);
      if (shape && style.stroke !== "none" && style.strokeOpacity === "1") add(e, style.stroke, 3);
      const filled = ["circle", "rect", "path"].includes(e.localName);
      if (filled && style.fill !== "none" && style.fillOpacity === "1") add(e, style.fill, 3);
    }
    return found;
  },
})
