// The page of one person: what the stand-in says that this person sees, drawn anew after each change.
"use strict";

const at = (id) => document.getElementById(id);
const asked = new URLSearchParams(location.hash.slice(1));
const now = {
  team: null, user: asked.get("user"), place: asked.get("place"), thread: asked.get("thread"),
  screen: null, drawn: "", typed: {}, errors: {}, busy: false,
};

async function order(name, args = {}) {
  const reply = await fetch(`/_control/${now.team.team_id}/${name}`, {
    method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(args),
  });
  const said = await reply.json();
  if (said.error) throw new Error(said.error);
  return said.done;
}

function notice(words) {
  at("notice").textContent = words;
  at("notice").hidden = !words;
}

/** Do something as this person, and say so when the app did not answer. */
async function perform(name, args) {
  notice("");
  try {
    const answer = await order(name, { user: now.user, ...args });
    if (answer && answer.acked === false && !Object.keys(answer.errors).length) notice("The app did not answer in time.");
    if (answer && answer.problem) notice("Slack would refuse what the app answered: " + answer.problem);
    return answer;
  } catch (error) {
    notice(error.message);
    return null;
  }
}

const names = () => new Map(now.screen.people.map((one) => [one.id, one.name]));
const clock = new Intl.DateTimeFormat("ko-KR", { timeZone: "Asia/Seoul", month: "numeric", day: "numeric", hour: "2-digit", minute: "2-digit" });
const time = (ts) => clock.format(new Date(parseFloat(ts) * 1000));

function remember() {
  const kept = new URLSearchParams();
  for (const name of ["user", "place", "thread"]) if (now[name]) kept.set(name, now[name]);
  history.replaceState(null, "", "#" + kept);
}

function go(place, thread) {
  now.place = place;
  now.thread = thread || null;
  remember();
  draw(true);
}

function drawSide() {
  const person = at("person");
  const people = now.screen.people.filter((one) => !one.is_bot);
  person.replaceChildren(...people.map((one) => make("option", { value: one.id, selected: one.id === now.user },
    one.name + (one.is_guest ? " (guest)" : one.is_stranger ? " (other company)" : ""))));
  const entry = (id, label, mark) => make("li", {}, make("button", {
    type: "button", "data-key": "go/" + id, "aria-current": now.place === id ? "page" : null,
    onclick: () => { if (id === "home") perform("open_home", { tab: "home" }); go(id); at("place").focus(); },
  }, mark + label));
  at("homes").replaceChildren(entry("home", "contest-desk", "⌂ "));
  const channels = now.screen.channels;
  at("channels").replaceChildren(...channels.filter((one) => one.kind !== "im").map((one) =>
    entry(one.id, one.name, one.kind === "private" ? "🔒 " : one.kind === "shared" ? "⇄ " : "# ")));
  at("ims").replaceChildren(...channels.filter((one) => one.kind === "im").map((one) => entry(one.id, "contest-desk", "● ")));
}

function blocksOf(message, channel) {
  return new Blocks({
    names: names(),
    act: (block, element, value) => perform("press", {
      channel, ts: message.ts, action_id: element.action_id, block_id: block.block_id, value,
    }),
  });
}

function drawMessage(message, channel, inThread) {
  const author = names().get(message.user) || message.user;
  const isApp = Boolean(message.bot_id);
  const blocks = blocksOf(message, channel);
  const content = make("div", { className: "content" });
  if (message.blocks && message.blocks.length) content.append(...message.blocks.map((one) => blocks.render(one)));
  else if (message.text) content.append(make("p", {}, ...blocks.mrkdwn(message.text)));
  for (const file of message.files || []) content.append(make("p", { className: "file" }, "📎 " + (file.name || file.id)));
  for (const one of message.reactions || []) content.append(make("span", { className: "reaction" }, `:${one.name}: ${one.count}`));
  const foot = make("div", { className: "foot" });
  if (message.is_ephemeral) foot.append(make("span", { className: "hint" }, "Only visible to you"));
  else if (!inThread) {
    foot.append(make("button", {
      type: "button", className: "plain", "data-key": "thread/" + message.ts,
      onclick: () => { go(channel, message.ts); at("thread-title").focus(); },
    }, message.reply_count ? `${message.reply_count} ${message.reply_count === 1 ? "reply" : "replies"}` : "Reply in thread"));
  }
  if (!message.is_ephemeral && !isApp) {
    foot.append(make("button", { type: "button", className: "plain", "data-key": "file/" + message.ts,
      onclick: () => perform("shortcut", { callback_id: "inq.create", channel, ts: message.ts }) }, "문의로 등록 File inquiry"));
  }
  return make("article", { className: (isApp ? "app" : "person") + (message.is_ephemeral ? " ephemeral" : ""), "data-ts": message.ts },
    make("div", { className: "face", "aria-hidden": "true" }, isApp ? "CD" : author.slice(0, 1).toUpperCase()),
    make("div", { className: "body" },
      make("p", { className: "who" }, make("b", {}, author), isApp ? make("span", { className: "badge" }, "APP") : null,
        make("time", {}, time(message.ts)), message.edited ? make("small", {}, "(edited)") : null),
      content, foot));
}

function fill(log, elements) {
  const atEnd = log.scrollTop + log.clientHeight >= log.scrollHeight - 40;
  log.replaceChildren(...elements);
  if (atEnd) log.scrollTop = log.scrollHeight;
}

function drawChannel(channel) {
  const messages = channel.messages.concat(now.screen.ephemerals.filter((one) => one.channel === channel.id));
  messages.sort((one, other) => parseFloat(one.ts) - parseFloat(other.ts));
  const top = messages.filter((one) => !one.thread_ts || one.thread_ts === one.ts);
  const people = names();
  at("place").textContent = channel.kind === "im" ? "contest-desk" : (channel.kind === "private" ? "🔒 " : "# ") + channel.name;
  at("members").textContent = channel.kind === "im" ? "" : channel.members.map((one) => people.get(one)).join(", ");
  fill(at("messages"), top.map((one) => drawMessage(one, channel.id, false)));
  at("prompts").replaceChildren(...channel.prompts.map((one) => make("button", {
    type: "button", "data-key": "prompt/" + one.title, onclick: () => perform("say", words(channel.id, one.message, null)),
  }, one.title)));
  at("write").hidden = false;
  at("thread").hidden = !now.thread;
  if (!now.thread) return;
  const thread = messages.filter((one) => one.ts === now.thread || one.thread_ts === now.thread);
  const status = channel.statuses[now.thread];
  fill(at("replies"), [...thread.map((one) => drawMessage(one, channel.id, true)), ...(status ? [make("p", { className: "status" }, status)] : [])]);
}

function drawHome() {
  at("place").textContent = "⌂ contest-desk: Home";
  at("members").textContent = "";
  at("prompts").replaceChildren();
  at("write").hidden = true;
  at("thread").hidden = true;
  const home = now.screen.home;
  const blocks = viewBlocks(home);
  fill(at("messages"), home ? [make("section", { className: "home", "aria-label": "Home" },
    ...home.blocks.map((one) => blocks.render(one, home.state.values)))] : [make("p", { className: "hint" }, "The app has not drawn a Home for you yet.")]);
}

function viewBlocks(view) {
  return new Blocks({
    names: names(),
    typed: (block, element, value) => { now.typed[`${view.id}|${block.block_id}/${element.action_id}`] = value; },
    act: async (block, element, value) => {
      // With the press Slack tells everything that was typed so far.
      await order("type_in", { view_id: view.id, values: typedIn(view) });
      await perform("press_in_view", { view_id: view.id, action_id: element.action_id, block_id: block.block_id, value });
    },
  });
}

/** What was typed in the inputs that this view has: "block id/action id" → value. */
function typedIn(view) {
  const values = {};
  const inputs = new Set(view.blocks.filter((one) => one.type === "input").map((one) => `${view.id}|${one.block_id}/${one.element.action_id}`));
  for (const [key, value] of Object.entries(now.typed)) if (inputs.has(key)) values[key.slice(key.indexOf("|") + 1)] = value;
  return values;
}

/** What was typed here and not yet told, over what Slack holds. */
function stateOf(view) {
  const state = structuredClone(view.state.values);
  for (const [key, value] of Object.entries(now.typed)) {
    const [id, name] = key.split("|");
    const [block, action] = [name.slice(0, name.lastIndexOf("/")), name.slice(name.lastIndexOf("/") + 1)];
    if (id === view.id && state[block] && state[block][action] && "value" in state[block][action]) state[block][action].value = value;
  }
  return state;
}

function drawModal() {
  const dialog = at("modal");
  const view = now.screen.views.at(-1);
  const drawn = view ? `${view.id} ${view.hash} ${JSON.stringify(now.errors)}` : "";
  if (drawn === now.drawn) return;
  now.drawn = drawn;
  if (!view) {
    now.typed = {};
    dialog.close();
    return;
  }
  const blocks = viewBlocks(view);
  const form = make("form", { method: "dialog" },
    make("header", {}, make("h2", { id: "modal-title" }, view.title.text),
      make("button", { type: "button", "data-key": "modal/x", "aria-label": "Close", onclick: () => leave(view) }, "✕")),
    make("div", { className: "blocks" }, ...view.blocks.map((one) => blocks.render(one, stateOf(view), now.errors))),
    make("footer", {},
      make("button", { type: "button", "data-key": "modal/close", onclick: () => leave(view) }, view.close ? view.close.text : "Close"),
      view.submit ? make("button", { type: "submit", className: "primary", "data-key": "modal/submit" }, view.submit.text) : null));
  form.onsubmit = (event) => { event.preventDefault(); submit(view); };
  dialog.oncancel = (event) => { event.preventDefault(); leave(view); };
  dialog.replaceChildren(form);
  if (!dialog.open) dialog.showModal();
  const first = form.querySelector(".blocks :is(input, textarea, select, button)") || form.querySelector("footer button:last-child");
  if (!dialog.contains(document.activeElement) || document.activeElement.dataset.key === "modal/x") first.focus();
}

async function leave(view) {
  now.errors = {};
  await perform("close_view", { view_id: view.id });
}

async function submit(view) {
  const answer = await perform("submit", { view_id: view.id, values: typedIn(view), private_metadata: null });
  now.errors = answer ? answer.errors : {};
  draw(true);
}

const words = (channel, text, thread) => ({ channel, text, thread_ts: thread, files: [], blocks: [] });

/** Draw everything; whoever stood on a button stands on it again. */
function draw() {
  if (!now.screen) return;
  const focused = document.activeElement && document.activeElement.getAttribute("data-key");
  const channels = now.screen.channels;
  if (now.place !== "home" && !channels.some((one) => one.id === now.place)) {
    now.place = (channels.find((one) => one.kind !== "im") || channels[0] || { id: "home" }).id;
    now.thread = null;
  }
  drawSide();
  if (now.place === "home") drawHome();
  else drawChannel(channels.find((one) => one.id === now.place));
  drawModal();
  if (focused && document.activeElement.getAttribute("data-key") !== focused) {
    const again = [...document.querySelectorAll("[data-key]")].find((one) => one.getAttribute("data-key") === focused);
    if (again) again.focus();
  }
  document.body.dataset.count = now.screen.count;
}

function writes(form, field, thread) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const text = field.value.trim();
    if (!text) return;
    field.value = "";
    if (text.startsWith("/") && !thread()) await perform("command", { text, channel: now.place });
    else await perform("say", words(now.place, text, thread()));
  });
  field.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) { event.preventDefault(); form.requestSubmit(); }
  });
}

async function look() {
  now.screen = await order("look/screen", { user: now.user });
  draw();
}

async function main() {
  const teams = await (await fetch("/_control/workspaces")).json();
  const named = asked.get("team");
  now.team = teams.find((one) => [one.team_id, one.name].includes(named)) || teams[0];
  if (!now.team) { at("team").textContent = "No workspace yet"; return; }
  at("team").textContent = now.team.name;
  const people = (await order("look/people")).filter((one) => !one.is_bot);
  if (!people.some((one) => one.id === now.user)) now.user = people.length ? people[0].id : null;
  if (!now.user) { at("place").textContent = "Nobody is here yet"; return; }
  at("person").addEventListener("change", (event) => {
    Object.assign(now, { user: event.target.value, place: null, thread: null, typed: {}, errors: {} });
    remember();
    look();
  });
  at("thread-close").addEventListener("click", () => go(now.place));
  writes(at("write"), at("words"), () => null);
  writes(at("reply"), at("reply-words"), () => now.thread);
  if (now.place === "home") perform("open_home", { tab: "home" });
  await look();
  for (;;) {
    const seen = now.screen.count;
    const count = await order("changes", { after: seen, timeout: 20 });
    if (count > seen) await look();
  }
}

main().catch((error) => notice("The stand-in has ended: " + error.message));
