"use strict";
// The page of a gallery. Data comes as scripts beside this one, so that the page also works from a disk.
(() => {
  const waiting = new Map();
  window.poeGallery = {
    receive(name, value) { waiting.get(name)?.resolve(value); },
  };

  /** The content of NAME.json, from NAME.js. */
  function load(name) {
    if (!waiting.has(name)) {
      const entry = {};
      entry.promise = new Promise((resolve, reject) => Object.assign(entry, { resolve, reject }));
      waiting.set(name, entry);
      // What failed is asked for anew the next time.
      entry.promise.catch(() => waiting.delete(name));
      const script = document.createElement("script");
      script.src = name.split("/").map(encodeURIComponent).join("/") + ".js";
      script.onerror = () => entry.reject(new Error(`${name}.js cannot be loaded`));
      // The script has run: a promise that it kept cannot be broken any more.
      script.onload = () => entry.reject(new Error(`${name}.js does not hold what it should`));
      document.body.append(script);
    }
    return waiting.get(name).promise;
  }

  const $ = (id) => document.getElementById(id);
  const reducedMotion = matchMedia("(prefers-reduced-motion: reduce)");

  /** An element with attributes and children; text becomes text, never markup. */
  function element(name, attributes = {}, ...children) {
    const isDrawing = ["svg", "path", "polyline", "circle", "text", "g"].includes(name);
    const node = isDrawing
      ? document.createElementNS("http://www.w3.org/2000/svg", name)
      : document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
    node.append(...children);
    return node;
  }

  const count = (value) => value.toLocaleString("en");
  const percent = (share) => {
    const value = share * 100;
    if (value === 0) return "0%";
    if (value < 0.01) return "<0.01%";
    return `${value >= 10 ? value.toFixed(0) : value >= 1 ? value.toFixed(1) : value.toFixed(2)}%`;
  };
  const visible = (text) => text.replaceAll("\n", "↵").replaceAll(" ", "␣").replaceAll("\t", "⇥") || "∅";

  let index;
  let groups = [];
  /** Which text is shown. */
  const state = { group: 0, model: "", phrase: 0, temperature: 0, sample: 0 };
  /** The text that is shown: its address, phrase and record, its model's file, how much is typed. */
  const shown = { address: "", prompt: "", sample: null, file: null, typed: 0, chosen: -1, ends: [] };
  let timer = 0;
  let isPlaying = false;

  const entry = (id) => index.models.find((model) => model.id === id);
  const texts = (id) => load(entry(id).file.replace(/\.json$/, ""));
  const stageName = (model) => (model.epoch == null ? model.name : `Epoch ${model.epoch}`);
  const cell = (file) => {
    const temperatures = index.settings.temperatures.length;
    const samples = index.settings.samples;
    return file.samples[(state.phrase * temperatures + state.temperature) * samples + state.sample];
  };

  // Which text: the address and the controls.

  function readAddress() {
    const asked = new URLSearchParams(location.hash.slice(1));
    const within = (value, length) => (value >= 0 && value < length ? value : 0);
    const group = groups.findIndex((group) => group.models.includes(asked.get("model")));
    state.group = within(group, groups.length);
    const models = groups[state.group].models;
    state.model = group >= 0 ? asked.get("model") : models[models.length - 1];
    state.phrase = within(Number(asked.get("phrase") ?? 1) - 1, index.prompts.length);
    const temperatures = index.settings.temperatures;
    const wanted = asked.has("temperature") ? Number(asked.get("temperature")) : 0.8;
    state.temperature = Math.max(0, temperatures.indexOf(wanted));
    state.sample = within(Number(asked.get("sample") ?? 1) - 1, index.settings.samples);
    for (const key of ["phrase", "sample"]) if (!Number.isInteger(state[key])) state[key] = 0;
  }

  function address() {
    const query = new URLSearchParams({
      model: state.model, phrase: state.phrase + 1,
      temperature: index.settings.temperatures[state.temperature], sample: state.sample + 1,
    });
    return `#${query}`;
  }

  /** A choice of one of several, as radio buttons. */
  function chips(id, labels, current, choose) {
    const active = document.activeElement?.closest?.(`#${id}`) != null;
    $(id).replaceChildren(...labels.map((label, number) => {
      const input = element("input", { type: "radio", name: id, value: number });
      input.checked = number === current;
      input.addEventListener("change", () => choose(number));
      return element("label", {}, input, element("span", {}, label));
    }));
    if (active) $(id).querySelector("input:checked")?.focus();
  }

  function drawControls() {
    const group = groups[state.group];
    const choose = (change) => (number) => { change(number); show(); };
    chips("phrases", index.prompts.map((prompt) => prompt || "(nothing)"), state.phrase,
      choose((number) => { state.phrase = number; }));
    $("model").replaceChildren(...groups.map((group, number) => {
      const option = element("option", { value: number }, group.name);
      option.selected = number === state.group;
      return option;
    }));
    $("stage-field").hidden = group.models.length < 2;
    chips("stages", group.models.map((id) => stageName(entry(id))), group.models.indexOf(state.model),
      choose((number) => { state.model = group.models[number]; }));
    chips("temperatures", index.settings.temperatures.map(String), state.temperature,
      choose((number) => { state.temperature = number; }));
    $("sample-field").hidden = index.settings.samples < 2;
    chips("samples", Array.from({ length: index.settings.samples }, (_, number) => `${number + 1}`),
      state.sample, choose((number) => { state.sample = number; }));
  }

  // The text.

  function show() {
    $("failure").hidden = true;
    const wanted = address();
    // By the time that a text fails, another may be wanted.
    return showText(wanted).catch((error) => { if (wanted === address()) fail(error); });
  }

  async function showText(wanted) {
    stop();
    drawControls();
    if (location.hash !== wanted) history.replaceState(null, "", wanted);
    const file = await texts(state.model);
    if (wanted !== address()) return;
    const prompt = index.prompts[state.phrase];
    Object.assign(shown, { address: wanted, prompt, file, sample: cell(file), typed: 0, chosen: -1 });
    file.texts ??= new Map(file.vocabulary.token.map((token, place) => [token, file.vocabulary.text[place]]));
    drawText();
    drawAlternatives();
    drawOverlap();
    drawFacts();
    drawCurves();
    $("command").textContent = shown.sample.command;
    if (reducedMotion.matches) finish(); else play();
    await drawLadder(wanted);
  }

  const level = (logProbability) => {
    const nats = logProbability == null ? 99 : -logProbability;
    return nats < 1.1 ? 0 : nats < 2.3 ? 1 : nats < 3.9 ? 2 : nats < 6 ? 3 : 4;
  };

  function drawText() {
    const { prompt, sample } = shown;
    const characters = Array.from(sample.text);
    const passages = sample.overlap?.passages ?? [];
    const owner = new Array(characters.length).fill(-1);
    passages.forEach((passage, number) => {
      for (let i = passage.start; i < passage.start + passage.length; i++) if (owner[i] < 0) owner[i] = number;
    });
    $("prompt").textContent = prompt;
    $("spoken").textContent = prompt + sample.text;
    shown.ends = sample.tokens.map((_, place) => sample.token_offsets[place + 1] ?? characters.length);
    $("tokens").replaceChildren(...sample.tokens.map((_, place) => {
      const node = element("span", {
        role: "option", id: `token-${place}`, "aria-selected": "false", "data-place": place,
        class: `unborn s${level(sample.log_probabilities[place])}`,
      });
      const text = characters.slice(sample.token_offsets[place], shown.ends[place]).join("");
      if (text.trim() === "") node.setAttribute("aria-label", text.includes("\n") ? "line end" : text ? "blank" : "part");
      fill(node, characters, owner, passages, sample.token_offsets[place], shown.ends[place]);
      return node;
    }));
    $("tokens").removeAttribute("aria-activedescendant");
    $("sources").replaceChildren(...passages.map((passage) => element("li", {},
      `${count(passage.length)} characters from “${passage.title}”, at ${count(passage.offset)}`
      + (passage.occurrences > 1 ? ` (and ${count(passage.occurrences - 1)} times more)` : ""))));
    toggle();
  }

  /** Puts the characters of a token into its node, those of copied passages marked. */
  function fill(node, characters, owner, passages, start, end) {
    for (let from = start; from < end;) {
      const number = passages.findIndex((passage) => passage.start === from);
      if (number >= 0) node.append(element("sup", { "aria-hidden": "true" }, `${number + 1}`));
      let to = from + 1;
      while (to < end && owner[to] === owner[from]
        && !passages.some((passage) => passage.start === to)) to += 1;
      const text = characters.slice(from, to).join("");
      node.append(owner[from] >= 0 ? element("mark", {}, text) : text);
      from = to;
    }
  }

  function toggle() {
    const hasOverlap = shown.sample?.overlap != null;
    $("copied").disabled = !hasOverlap;
    $("sheet").classList.toggle("show-borders", $("borders").checked);
    $("sheet").classList.toggle("show-surprise", $("surprise").checked);
    $("sheet").classList.toggle("show-copied", $("copied").checked && hasOverlap);
    $("legend").hidden = !$("surprise").checked;
    $("sources").hidden = !($("copied").checked && hasOverlap && shown.typed >= (shown.sample?.tokens.length ?? 0));
  }

  // Typing: tokens are there from the beginning, so that nothing moves, and come to light in turn.

  function reveal(upTo) {
    const nodes = $("tokens").children;
    const limit = Math.min(upTo, nodes.length);
    for (let place = shown.typed; place < limit; place++) nodes[place].classList.remove("unborn");
    $("tokens").querySelector(".newest")?.classList.remove("newest");
    shown.typed = limit;
    if (limit > 0 && limit < nodes.length) nodes[limit - 1].classList.add("newest");
    const isDone = limit >= nodes.length;
    $("tokens").toggleAttribute("aria-hidden", false);
    if (isDone) {
      $("tokens").removeAttribute("aria-hidden");
      $("tokens").tabIndex = 0;
    } else {
      $("tokens").setAttribute("aria-hidden", "true");
      $("tokens").removeAttribute("tabindex");
    }
    if (isDone) toggle();
    return isDone;
  }

  function play() {
    stop();
    isPlaying = true;
    if (shown.typed >= shown.sample.tokens.length) {
      for (const node of $("tokens").children) node.classList.add("unborn");
      shown.typed = 0;
      toggle();
    }
    if (reveal(shown.typed)) { stop(); return; }
    let at = shown.typed > 0 ? shown.ends[shown.typed - 1] : 0;
    let before = performance.now();
    const step = (now) => {
      at += ((now - before) / 1000) * Number($("speed").value);
      before = now;
      let upTo = shown.typed;
      while (upTo < shown.ends.length && shown.ends[upTo] <= at) upTo += 1;
      if (upTo > shown.typed && reveal(upTo)) { stop(); return; }
      timer = requestAnimationFrame(step);
    };
    timer = requestAnimationFrame(step);
    drawButtons();
  }

  function stop() {
    cancelAnimationFrame(timer);
    isPlaying = false;
    drawButtons();
  }

  function finish() {
    stop();
    reveal(Infinity);
    drawButtons();
  }

  /** Buttons act on the text that is shown, so only while that is the one which was chosen. */
  function drawButtons() {
    const isChosen = shown.address === address();
    for (const id of ["play", "copy-text", "copy-command", "copy-link"]) $(id).disabled = !isChosen;
    const isDone = shown.sample != null && shown.typed >= shown.sample.tokens.length;
    $("play").textContent = isPlaying ? "Pause" : isDone ? "Type again" : "Go on";
    $("skip").disabled = !isChosen || isDone;
  }

  // What else the model had in mind.

  function choose(place) {
    const { tokens } = shown.sample;
    if (tokens.length === 0) return;
    const next = Math.min(Math.max(place, 0), tokens.length - 1);
    const before = $(`token-${shown.chosen}`);
    before?.classList.remove("chosen");
    before?.setAttribute("aria-selected", "false");
    shown.chosen = next;
    const node = $(`token-${next}`);
    node.classList.add("chosen");
    node.setAttribute("aria-selected", "true");
    $("tokens").setAttribute("aria-activedescendant", node.id);
    node.scrollIntoView({ block: "nearest" });
    drawAlternatives();
  }

  function drawAlternatives() {
    const { sample, file, chosen } = shown;
    const hint = element("p", { id: "token-hint" },
      "Click a word, or move with the arrow keys, to see what else the model had in mind.");
    if (chosen < 0) {
      $("alternatives").replaceChildren(element("h3", {}, "Alternatives"), hint);
      return;
    }
    const rows = sample.alternatives[chosen].map((token, rank) =>
      ({ token, logProbability: sample.alternative_log_probabilities[chosen][rank] }));
    const token = sample.tokens[chosen];
    if (!rows.some((row) => row.token === token)) {
      rows.push({ token, logProbability: sample.log_probabilities[chosen] });
    }
    const most = Math.exp(rows[0].logProbability);
    hint.classList.add("hidden");
    $("alternatives").replaceChildren(
      element("h3", {}, "Instead of ", element("span", { class: "word" }, `“${visible(file.texts.get(token))}”`)),
      hint,
      element("table", {},
        element("thead", {}, element("tr", {}, element("th", { scope: "col" }, "Token"),
          element("th", { scope: "col", class: "number" }, "Chance"), element("td", {}))),
        element("tbody", {}, ...rows.map((row) => {
          const share = Math.exp(row.logProbability);
          const meter = element("span", { class: "meter" });
          meter.style.width = `${Math.max(1, (share / most) * 100)}%`;
          return element("tr", row.token === token ? { class: "taken" } : {},
            element("th", { scope: "row", class: "word" }, visible(file.texts.get(row.token) ?? "?")),
            element("td", { class: "number" }, percent(share) + (row.token === token ? " ✓" : "")),
            element("td", { class: "fill", "aria-hidden": "true" }, meter));
        }))));
  }

  function drawOverlap() {
    const panel = $("overlap");
    const { overlap } = shown.sample;
    panel.hidden = overlap == null;
    if (overlap == null) return;
    const model = entry(state.model).overlap;
    const baseline = index.corpus?.baseline;
    const row = (name, figures) => element("tr", {}, element("th", { scope: "row" }, name),
      element("td", { class: "number" }, percent(figures.share)),
      element("td", { class: "number" }, count(figures.longest)));
    const rows = [row("This text", overlap), row("All of this model", model)];
    if (baseline) rows.push(row(`${count(baseline.works)} works it never saw`, baseline));
    panel.replaceChildren(element("h3", {}, "Word for word from the corpus"),
      element("table", {}, element("thead", {}, element("tr", {}, element("td", {}),
        element("th", { scope: "col", class: "number" }, "share"),
        element("th", { scope: "col", class: "number" }, "longest"))), element("tbody", {}, ...rows)),
      element("p", {}, `Passages of ${index.corpus?.minimum ?? 40} characters or more count.`));
  }

  // Stages of one training side by side.

  async function drawLadder(wanted) {
    const { group } = state;
    const { models } = groups[group];
    $("ladder").hidden = models.length < 2;
    if (models.length < 2) return;
    // A stage that is missing takes nothing from the others, nor from the text above.
    const files = await Promise.all(models.map((id) => texts(id).catch(() => null)));
    if (wanted !== address()) return;
    $("rungs").replaceChildren(...models.map((id, number) => {
      const model = entry(id);
      const loss = model.losses["validation.nats_per_character"];
      const isHere = id === state.model;
      const file = files[number];
      const text = file
        ? [element("strong", {}, index.prompts[state.phrase]), cell(file).text]
        : ["This text cannot be loaded."];
      const button = element("button", { type: "button" }, isHere ? "Shown above" : "Read this one");
      button.disabled = isHere;
      button.addEventListener("click", () => {
        Object.assign(state, { group, model: id });
        show();
        $("reading").focus();
      });
      return element("article", isHere ? { class: "here" } : {},
        element("h3", {}, stageName(model),
          element("small", {}, loss == null ? model.name : `${loss.toFixed(3)} nats a character`)),
        element("p", {}, ...text), button);
    }));
  }

  // Losses.

  function drawCurves() {
    const model = entry(state.model);
    const figures = [];
    if (model.curve) {
      const { epoch, training, validation } = model.curve;
      figures.push(chart(`${groups[state.group].name}: loss in nats a token`, epoch,
        [["training", "training", training], ["validation", "held-out works", validation]], model.epoch));
    }
    const others = groups.map((group) => ({ name: group.name, model: entry(group.models[group.models.length - 1]) }))
      .filter((one) => one.model.curve?.validation_per_character.some((loss) => loss != null));
    if (others.length > 1) {
      const longest = others.reduce((a, b) => (a.model.curve.epoch.length >= b.model.curve.epoch.length ? a : b));
      figures.push(chart("All trainings: nats a character on held-out works", longest.model.curve.epoch,
        others.map((one, number) => [number === state.group ? "validation" : "training", one.name,
          one.model.curve.validation_per_character]), null));
    }
    const drawn = figures.filter((figure) => figure != null);
    $("learning").hidden = drawn.length === 0;
    $("curves").replaceChildren(...drawn);
  }

  /** How long a name in a chart comes out at most, roughly: fonts differ, other scripts are wider. */
  const nameLength = (name) => Array.from(name).reduce((sum, letter) => sum + (letter < "\u0080" ? 7 : 13), 0);

  /** A chart of losses by epoch: series are [class, name, values]; null where no loss is known. */
  function chart(title, epochs, series, now) {
    const values = series.flatMap(([, , column]) => column).filter((value) => value != null);
    if (values.length === 0) return null;
    const [width, height, left, top, bottom] = [480, 280, 44, 14, 34];
    // Names stand on the right, but most of the room is for the lines.
    const right = Math.min(Math.max(112, 9 + Math.max(...series.map(([, name]) => nameLength(name)))), 240);
    const low = Math.min(...values);
    const span = Math.max(Math.max(...values) - low, 0.1);
    const x = (place) => left + (place / Math.max(1, epochs.length - 1)) * (width - left - right);
    const y = (value) => height - bottom - ((value - low) / span) * (height - top - bottom);
    const svg = element("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": title });
    for (let tick = 0; tick <= 4; tick++) {
      const value = low + (span * tick) / 4;
      svg.append(element("path", { class: "grid", d: `M${left} ${y(value)}H${width - right}` }),
        element("text", { x: left - 6, y: y(value) + 4, "text-anchor": "end" }, value.toFixed(2)));
    }
    const every = Math.max(1, Math.ceil(epochs.length / 8));
    epochs.forEach((epoch, place) => {
      if (place % every === 0) {
        svg.append(element("text", { x: x(place), y: height - bottom + 20, "text-anchor": "middle" }, `${epoch}`));
      }
    });
    svg.append(element("text", { x: width - right, y: height - 2, "text-anchor": "end" }, "epochs"));
    const labels = [];
    for (const [kind, name, column] of series) {
      const points = column.map((value, place) => ({ value, at: x(place), epoch: epochs[place] }))
        .filter(({ value }) => value != null);
      if (points.length === 0) continue;
      svg.append(element("polyline", { class: kind, points: points.map(({ value, at }) => `${at},${y(value)}`).join(" ") }));
      if (kind === "validation") {
        points.forEach(({ value, at, epoch }) => svg.append(element("circle",
          { class: epoch === now ? "now" : "point", cx: at, cy: y(value), r: epoch === now ? 5.5 : 2.8 })));
      } else if (points.length === 1) {
        // A line of one point is none.
        svg.append(element("circle", { class: "dot", cx: points[0].at, cy: y(points[0].value), r: 2.8 }));
      }
      const last = points[points.length - 1];
      labels.push({ x: last.at + 9, y: y(last.value) + 4, name });
    }
    labels.sort((a, b) => a.y - b.y).forEach((label, place) => {
      // Curves that end elsewhere have their names elsewhere.
      const above = labels.slice(0, place).filter((other) => Math.abs(other.x - label.x) < 60).pop();
      if (above) label.y = Math.max(label.y, above.y + 15);
      svg.append(element("text", { x: label.x, y: label.y }, label.name));
    });
    const table = element("table", {},
      element("thead", {}, element("tr", {}, element("th", { scope: "col" }, "epoch"),
        ...series.map(([, name]) => element("th", { scope: "col" }, name)))),
      element("tbody", {}, ...epochs.map((epoch, place) => element("tr", {},
        element("th", { scope: "row" }, `${epoch}`),
        ...series.map(([, , column]) => element("td", {}, column[place] == null ? "–" : column[place].toFixed(4)))))));
    return element("figure", {}, element("figcaption", {}, title), svg,
      element("details", {}, element("summary", {}, "As a table"), table));
  }

  function drawFacts() {
    const model = entry(state.model);
    const kinds = { char: "characters", bpe: "BPE", "byte-bpe": "byte-level BPE" };
    const facts = [
      ["File", model.path.split("/").pop()],
      ["Parameters", count(model.parameters)],
      ["Size", `${(model.bytes / 1e6).toFixed(2)} MB`],
      ["Tokens", `${count(model.tokenizer.size)}, ${kinds[model.tokenizer.kind]}`],
      ["Context", `${count(model.context_length)} tokens`],
      ["Arithmetic", model.arithmetic],
      ["XXH64", model.xxh64],
    ];
    const loss = model.losses["validation.nats_per_character"];
    if (loss != null) facts.splice(3, 0, ["Held-out loss", `${loss.toFixed(4)} nats a character`]);
    $("facts").replaceChildren(...facts.map(([name, value]) =>
      element("div", {}, element("dt", {}, name), element("dd", {}, value))));
    $("card-box").hidden = model.card == null;
    $("card").textContent = model.card ?? "";
  }

  // Taking along.

  async function copy(text, name) {
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      const field = element("textarea", { class: "hidden", "aria-hidden": "true" });
      field.value = text;
      document.body.append(field);
      const active = document.activeElement;
      field.select();
      const isDone = document.execCommand("copy");
      field.remove();
      active?.focus();
      if (!isDone) { $("said").textContent = "Copying is not allowed here"; return; }
    }
    $("said").textContent = `${name} copied`;
  }

  function listen() {
    $("controls").addEventListener("submit", (event) => event.preventDefault());
    $("model").addEventListener("change", () => {
      state.group = Number($("model").value);
      const { models } = groups[state.group];
      state.model = models[models.length - 1];
      show();
    });
    $("play").addEventListener("click", () => (isPlaying ? stop() : play()));
    $("skip").addEventListener("click", () => { finish(); $("play").focus(); });
    for (const id of ["borders", "surprise", "copied"]) $(id).addEventListener("change", toggle);
    $("copy-text").addEventListener("click", () => copy(shown.prompt + shown.sample.text, "Text"));
    $("copy-command").addEventListener("click", () => copy(shown.sample.command, "Command"));
    $("copy-link").addEventListener("click", () => copy(location.href.split("#")[0] + address(), "Link"));
    $("tokens").addEventListener("click", (event) => {
      const node = event.target.closest("[role=option]");
      if (node) choose(Number(node.dataset.place));
    });
    $("tokens").addEventListener("focus", () => { if (shown.chosen < 0) choose(0); });
    $("tokens").addEventListener("keydown", (event) => {
      const moves = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1, PageDown: 10, PageUp: -10 };
      const ends = { Home: 0, End: Infinity };
      if (event.key in moves) choose(shown.chosen + moves[event.key]);
      else if (event.key in ends) choose(ends[event.key]);
      else return;
      event.preventDefault();
    });
    addEventListener("hashchange", () => {
      // One without a value, such as #reading, is a place on the page and no text.
      const isText = location.hash.includes("=");
      if (isText && location.hash !== address()) { readAddress(); show(); }
    });
  }

  function fail(error) {
    $("failure").textContent = `The gallery cannot be shown: ${error.message}.`;
    $("failure").hidden = false;
  }

  /** Goes to the text as the link would, but keeps the address, which says which text it is. */
  function skipToText(event) {
    event.preventDefault();
    $("reading").scrollIntoView();
    $("reading").focus();
  }

  /** Models are called what their files are, for people; an id is ASCII. Numbered where it repeats, as ids are. */
  function nameModels() {
    const taken = new Set();
    for (const model of index.models) {
      const stem = model.path.split("/").pop().replace(/\.poem$/, "") || model.id;
      model.name = stem;
      for (let number = 2; taken.has(model.name); number++) model.name = `${stem}-${number}`;
      taken.add(model.name);
    }
  }

  async function start() {
    document.querySelector(".skip").addEventListener("click", skipToText);
    index = await load("index");
    nameModels();
    const inLadders = new Set(index.ladders.flatMap((ladder) => ladder.models));
    groups = [...index.ladders.map(({ name, models }) => ({ name, models })),
      ...index.models.filter((model) => !inLadders.has(model.id)).map((model) => ({ name: model.name, models: [model.id] }))];
    // As they were named on the command line: whoever names the best model first wants it seen first.
    const place = ({ models }) => index.models.findIndex((model) => model.id === models[0]);
    groups.sort((a, b) => place(a) - place(b));
    listen();
    readAddress();
    await show();
  }

  start().catch(fail);
})();
