// Nodes are built one by one: no markup string ever meets a person's words.
export function h(tag, props, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props || {})) {
    if (value === false || value === null || value === undefined) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

export function say(template, values) {
  return template.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? values[name] : whole));
}

const SHAPES = {
  mark: "M5 4.5h9a2.5 2.5 0 0 1 2.5 2.5v4A2.5 2.5 0 0 1 14 13.5H9L5.5 16.5v-3H5A2.5 2.5 0 0 1 2.5 11V7A2.5 2.5 0 0 1 5 4.5M19 9.2a2.5 2.5 0 0 1 2.5 2.4v3.9A2.5 2.5 0 0 1 19 18h-.5v3L15 18h-3",
  close: "M6 6l12 12M18 6L6 18",
  send: "M4.5 12h14M12.5 6l6 6-6 6",
  trash: "M4.5 7h15M10 7V4.5h4V7M6.5 7l.8 12h9.4l.8-12M10 11v5M14 11v5",
  person: "M12 12a3.6 3.6 0 1 0 0-7.2 3.6 3.6 0 0 0 0 7.2M5 20a7 7 0 0 1 14 0",
  phone: "M6.5 4h3l1.5 4-2 1.3a10.5 10.5 0 0 0 5.200 5.200L15.500 12.500l4 1.500v3a2.500 2.500 0 0 1-2.700 2.500A14.500 14.500 0 0 1 4 6.700 2.500 2.500 0 0 1 6.500 4",
  map: "M12 20.500s6-5.300 6-10a6 6 0 0 0-12 0c0 4.700 6 10 6 10M12 12.500a2.200 2.200 0 1 0 0-4.400 2.200 2.200 0 0 0 0 4.400",
  out: "M9 5H5.500v13.500H19V15M13 4.500h6.500V11M19 5l-8 8",
  sound: "M4.500 9.500v5H8l4.500 4v-13L8 9.500zM16 9a4.200 4.200 0 0 1 0 6M18.500 6.500a7.800 7.800 0 0 1 0 11",
  stop: "M7 7h10v10H7z",
  down: "M12 5v13M6 12.500l6 6 6-6",
  check: "M5 12.500l4.500 4.500L19 7.500",
};

export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  svg.setAttribute("focusable", "false");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", SHAPES[name]);
  svg.append(path);
  return svg;
}
