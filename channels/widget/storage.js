// A browser may refuse storage (private window, site settings): the page then remembers for its own life only.
export function keep(area, key) {
  let memory = null;
  const attempt = (action) => {
    try {
      return action(window[area]);
    } catch (error) {
      return undefined;
    }
  };
  return {
    get() {
      const found = attempt((storage) => storage.getItem(key));
      return found === undefined ? memory : found;
    },
    set(value) {
      memory = value;
      attempt((storage) => (value === null ? storage.removeItem(key) : storage.setItem(key, value)));
    },
  };
}

export function clientId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 15) | 64;
  bytes[8] = (bytes[8] & 63) | 128;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}
