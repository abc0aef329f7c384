// Blocks become elements. Everything is text: nothing that an app or a person wrote is ever parsed as HTML.
"use strict";

/** An element with properties, attributes (with a dash or lower-case name not known to it) and children. */
function make(tag, about = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(about)) {
    if (value === undefined || value === null || value === false) continue;
    if (name in element && !name.includes("-")) element[name] = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

const ENTITIES = { "&lt;": "<", "&gt;": ">", "&amp;": "&" };
const unescaped = (text) => text.replace(/&(?:lt|gt|amp);/g, (entity) => ENTITIES[entity]);
const MARKS = /<([^<>]+)>|\*([^*\n]+)\*|`([^`\n]+)`|~([^~\n]+)~|_([^_\n]+)_/g;

class Blocks {
  /** names: user id → name; act: what to do when somebody presses, chooses or types. */
  constructor({ names, act, typed }) {
    this.names = names;
    this.act = act;
    this.typed = typed || (() => {});
  }

  /** The children for the text of a message or a mrkdwn object. */
  mrkdwn(text) {
    const parts = [];
    let from = 0;
    for (const found of text.matchAll(MARKS)) {
      parts.push(unescaped(text.slice(from, found.index)));
      const [whole, token, bold, code, struck, italic] = found;
      from = found.index + whole.length;
      if (token) parts.push(this.token(token));
      else if (bold) parts.push(make("b", {}, unescaped(bold)));
      else if (code) parts.push(make("code", {}, unescaped(code)));
      else if (struck) parts.push(make("s", {}, unescaped(struck)));
      else parts.push(make("i", {}, unescaped(italic)));
    }
    parts.push(unescaped(text.slice(from)));
    return parts;
  }

  token(token) {
    const [address, label] = token.split("|");
    if (address.startsWith("@")) return this.mention(address.slice(1));
    if (/^[#!]/.test(address)) return make("span", { className: "mention" }, label || address);
    return this.link(address, label ? unescaped(label) : address);
  }

  mention(user) {
    return make("span", { className: "mention" }, "@" + (this.names.get(user) || user));
  }

  link(address, label) {
    // Only what a browser may safely follow.
    if (!/^(https?|mailto):/i.test(address)) return label;
    return make("a", { href: address, rel: "noopener noreferrer", target: "_blank" }, label);
  }

  text(object) {
    return object.type === "mrkdwn" ? this.mrkdwn(object.text) : [object.text];
  }

  render(block, state, errors = {}) {
    const element = this.block(block, state || {});
    if (errors[block.block_id]) {
      element.append(make("p", { className: "error", role: "alert" }, errors[block.block_id]));
    }
    return element;
  }

  block(block, state) {
    switch (block.type) {
      case "section": {
        const words = make("div", { className: "words" });
        if (block.text) words.append(make("p", {}, ...this.text(block.text)));
        if (block.fields) {
          words.append(make("div", { className: "fields" }, ...block.fields.map((one) => make("p", {}, ...this.text(one)))));
        }
        return make("div", { className: "section" }, words, block.accessory ? this.control(block, block.accessory, state) : null);
      }
      case "header":
        return make("h3", {}, block.text.text);
      case "divider":
        return make("hr");
      case "context":
        return make("div", { className: "context" }, ...block.elements.map((one) =>
          one.type === "image" ? make("span", {}, "🖼 " + one.alt_text) : make("span", {}, ...this.text(one))));
      case "actions":
        return make("div", { className: "actions", role: "group", "aria-label": "Actions" },
          ...block.elements.map((one) => this.control(block, one, state)));
      case "input":
        return this.input(block, state);
      case "image":
        return make("p", {}, "🖼 " + block.alt_text);
      case "markdown":
        return make("p", { className: "markdown" }, block.text);
      case "rich_text":
        return make("div", { className: "rich" }, ...block.elements.map((one) => this.rich(one)));
      default:
        return make("p", {}, "(" + block.type + ")");
    }
  }

  rich(part) {
    switch (part.type) {
      case "rich_text_list": {
        const items = part.elements.map((one) => make("li", {}, ...one.elements.map((word) => this.word(word))));
        const list = make(part.style === "ordered" ? "ol" : "ul", {}, ...items);
        list.style.marginInlineStart = 20 * (part.indent || 0) + "px";
        return list;
      }
      case "rich_text_quote":
        return make("blockquote", {}, ...part.elements.map((word) => this.word(word)));
      case "rich_text_preformatted":
        return make("pre", {}, ...part.elements.map((word) => this.word(word)));
      default:
        return make("p", {}, ...part.elements.map((word) => this.word(word)));
    }
  }

  word(word) {
    const style = word.style || {};
    let shown;
    switch (word.type) {
      case "text": shown = word.text; break;
      case "link": shown = this.link(word.url, word.text || word.url); break;
      case "emoji": shown = word.unicode ? String.fromCodePoint(...word.unicode.split("-").map((one) => parseInt(one, 16))) : ":" + word.name + ":"; break;
      case "user": return this.mention(word.user_id);
      case "broadcast": return make("span", { className: "mention" }, "@" + word.range);
      default: return "(" + word.type + ")";
    }
    for (const [name, tag] of [["bold", "b"], ["italic", "i"], ["strike", "s"], ["code", "code"]]) {
      if (style[name]) shown = make(tag, {}, shown);
    }
    return shown;
  }

  control(block, element, state, label) {
    const key = block.block_id + "/" + element.action_id;
    const held = (state[block.block_id] || {})[element.action_id] || {};
    const press = (value) => {
      const ask = element.confirm;
      if (ask && !window.confirm(ask.title.text + "\n\n" + ask.text.text)) return;
      this.act(block, element, value);
    };
    const options = element.options || (element.option_groups || []).flatMap((group) => group.options);
    switch (element.type) {
      case "button":
        return make("button", {
          type: "button", className: element.style || "", "data-key": key + "/" + (element.value || ""),
          "data-action": element.action_id, "aria-label": element.accessibility_label, onclick: () => press(element.value || null),
        }, element.text.text);
      case "overflow": {
        const list = make("ul", {}, ...options.map((one) => make("li", {}, make("button", {
          type: "button", "data-key": key + "/" + one.value, "data-action": element.action_id, "data-value": one.value,
          onclick: (event) => { event.target.closest("details").open = false; press(one.value); },
        }, one.text.text))));
        return make("details", { className: "overflow" },
          make("summary", { "aria-label": "More actions", "data-key": key }, "⋯"), list);
      }
      case "static_select":
      case "multi_static_select": {
        const many = element.type.startsWith("multi");
        const chosen = many ? (held.selected_options || []).map((one) => one.value) : [held.selected_option ? held.selected_option.value : ""];
        const select = make("select", { multiple: many, "data-key": key, "aria-label": label ? null : (element.placeholder ? element.placeholder.text : "Choose") },
          many ? null : make("option", { value: "" }, element.placeholder ? element.placeholder.text : "—"),
          ...options.map((one) => make("option", { value: one.value, selected: chosen.includes(one.value) }, one.text.text)));
        select.onchange = () => {
          const value = many ? [...select.selectedOptions].map((one) => one.value) : select.value;
          if (block.type === "input") this.changed(block, element, value || null);
          else if (value) press(value);
        };
        return select;
      }
      case "users_select": {
        const select = make("select", { "data-key": key, "aria-label": label ? null : "Choose a person" },
          make("option", { value: "" }, "—"),
          ...[...this.names].map(([id, name]) => make("option", { value: id, selected: held.selected_user === id }, name)));
        select.onchange = () => block.type === "input" ? this.changed(block, element, select.value || null) : press(select.value);
        return select;
      }
      case "checkboxes":
      case "radio_buttons": {
        const many = element.type === "checkboxes";
        const chosen = many ? (held.selected_options || []).map((one) => one.value) : [held.selected_option ? held.selected_option.value : ""];
        const set = make("div", { className: "choices" }, ...options.map((one) => make("label", {}, make("input", {
          type: many ? "checkbox" : "radio", name: key, value: one.value, checked: chosen.includes(one.value), "data-key": key + "/" + one.value,
        }), " ", ...this.text(one.text), one.description ? make("small", {}, " ", ...this.text(one.description)) : null)));
        set.onchange = () => {
          const values = [...set.querySelectorAll("input:checked")].map((one) => one.value);
          const value = many ? values : values[0];
          if (block.type === "input") this.changed(block, element, value);
          else press(value);
        };
        return set;
      }
      case "datepicker":
      case "timepicker":
      case "datetimepicker": {
        const kind = element.type.replace("picker", "");
        const field = make("input", { type: kind === "datetime" ? "datetime-local" : kind, "data-key": key, value: held["selected_" + kind] || "", "aria-label": label ? null : kind });
        field.onchange = () => {
          const value = kind === "datetime" ? Date.parse(field.value) / 1000 : field.value;
          if (block.type === "input") this.changed(block, element, value);
          else press(value);
        };
        return field;
      }
      default:
        return this.field(block, element, held, key);
    }
  }

  field(block, element, held, key) {
    const about = {
      "data-key": key, placeholder: element.placeholder ? element.placeholder.text : "",
      maxLength: element.max_length || 3000, value: typeof held.value === "string" ? held.value : "",
    };
    const field = element.multiline ? make("textarea", { ...about, rows: 8 }) : make("input", { ...about, type: element.type === "number_input" ? "number" : "text" });
    const tells = (element.dispatch_action_config || {}).trigger_actions_on || ["on_enter_pressed"];
    let later;
    field.oninput = () => {
      this.changed(block, element, field.value, true);
      if (!block.dispatch_action || !tells.includes("on_character_entered")) return;
      clearTimeout(later);
      later = setTimeout(() => this.act(block, element, field.value), 600);
    };
    field.onkeyup = (event) => {
      if (event.key === "Enter" && block.dispatch_action && tells.includes("on_enter_pressed")) this.act(block, element, field.value);
    };
    return field;
  }

  changed(block, element, value, quietly) {
    this.typed(block, element, value);
    if (block.dispatch_action && !quietly) this.act(block, element, value);
  }

  input(block, state) {
    const group = ["checkboxes", "radio_buttons"].includes(block.element.type);
    const control = this.control(block, block.element, state, true);
    const words = [block.label.text, block.optional ? make("small", {}, " (optional)") : null];
    if (group) return make("fieldset", {}, make("legend", {}, ...words), control);
    control.id = "field-" + block.block_id;
    if (block.hint) control.setAttribute("aria-describedby", "hint-" + block.block_id);
    return make("div", { className: "input" }, make("label", { htmlFor: control.id }, ...words), control,
      block.hint ? make("p", { className: "hint", id: "hint-" + block.block_id }, block.hint.text) : null);
  }
}
