import { clientId, keep } from "./storage.js";
import { readEvents } from "./sse.js";

const QUIET = 40000; // the server speaks every 15 s: longer silence is a dead connection
const PATIENCE = 15000;
const HIDDEN = 15000;

// Waits double up to half a minute, and are spread so that everybody does not come back at the same instant.
function backoff(failures) {
  return Math.min(30000, 500 * 2 ** Math.min(failures, 6)) * (0.5 + Math.random() / 2);
}

// Talks to the server. Tells: message(event) state(state) link(word) sending/waiting/sent(item) refused(item, sentence) reset().
export class Client {
  constructor(api, tell) {
    this.api = api;
    this.tell = tell;
    this.own = api === location.origin;
    this.token = keep("localStorage", `relais.visitor ${api}`);
    this.saved = keep("sessionStorage", `relais.outbox ${api}`);
    this.outbox = JSON.parse(this.saved.get() || "[]");
    this.last = 0;
    this.wakers = new Set();
    this.watchPage();
  }

  get known() {
    return this.own || Boolean(this.token.get()) || this.outbox.length > 0;
  }

  watchPage() {
    let timer;
    addEventListener("online", () => this.wake());
    addEventListener("offline", () => this.streaming && this.streaming.abort());
    document.addEventListener("visibilitychange", () => {
      clearTimeout(timer);
      if (document.hidden) timer = setTimeout(() => this.rest(), HIDDEN);
      else if (this.wanted) this.follow();
    });
  }

  // A hidden tab gives its connection back: browsers allow six to one site.
  rest() {
    this.resting = true;
    if (this.streaming) this.streaming.abort();
    this.wake();
  }

  wake() {
    for (const waker of this.wakers) waker();
    this.wakers.clear();
  }

  pause(milliseconds) {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, milliseconds);
      this.wakers.add(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  request(method, path, options) {
    const headers = Object.assign({}, options.headers);
    const token = this.token.get();
    if (token) headers.Authorization = `Bearer ${token}`;
    const credentials = this.own ? "same-origin" : "omit";
    return fetch(`${this.api}/channels/web/${path}`, Object.assign({}, options, { method, headers, credentials, cache: "no-store" }));
  }

  start() {
    this.follow();
    this.pump();
  }

  async follow() {
    this.wanted = true;
    this.resting = false;
    this.again = true;
    this.wake();
    if (this.following) return;
    this.following = true;
    let failures = 0;
    while (!this.resting) {
      this.again = false;
      if (!failures) this.tell.link("connecting");
      const end = await this.listen(() => (failures = 0));
      if (end === "nobody" && !this.again) {
        this.nobody();
        break;
      }
      if (end === "cut" && !this.resting && !this.again) {
        this.tell.link("lost");
        await this.pause(backoff(failures++));
      }
    }
    this.following = false;
  }

  nobody() {
    this.tell.link("idle");
    this.token.set(null);
    if (this.last) this.tell.reset();
    this.last = 0;
  }

  async listen(opened) {
    const controller = (this.streaming = new AbortController());
    let watchdog;
    const alive = () => {
      clearTimeout(watchdog);
      watchdog = setTimeout(() => controller.abort(), QUIET);
    };
    alive();
    try {
      const headers = this.last ? { "Last-Event-ID": String(this.last) } : {};
      const response = await this.request("GET", "events", { headers, signal: controller.signal });
      if (response.status === 401) return "nobody";
      if (!response.ok) return "cut";
      opened();
      this.tell.link("online");
      this.wake();
      await readEvents(response.body, (event) => controller.signal.aborted || this.take(event), alive);
    } catch (error) {
      // a cut is ordinary here: the loop above decides what follows
    } finally {
      clearTimeout(watchdog);
    }
    return "cut";
  }

  take(event) {
    const data = JSON.parse(event.data);
    if (event.type === "state") return this.tell.state(data);
    if (event.type !== "message" || data.seq <= this.last) return undefined;
    this.last = data.seq;
    return this.tell.message(data);
  }

  send(message) {
    const item = Object.assign({ id: clientId(), at: new Date().toISOString() }, message);
    this.outbox.push(item);
    this.save();
    this.pump();
    return item;
  }

  save() {
    this.saved.set(this.outbox.length ? JSON.stringify(this.outbox) : null);
  }

  // One at a time and in order; the same id again after a doubt, so that the server can tell a repeat.
  async pump() {
    if (this.pumping) return;
    this.pumping = true;
    let failures = 0;
    while (this.outbox.length) {
      const item = this.outbox[0];
      this.tell.sending(item);
      const answer = await this.post(item);
      if (this.outbox[0] !== item) continue;
      if (answer.retry) {
        this.tell.waiting(item);
        await this.pause(Math.max(answer.after, backoff(failures++)));
        continue;
      }
      failures = 0;
      this.outbox.shift();
      this.save();
      if (answer.refused) this.tell.refused(item, answer.refused);
      else this.accepted(item, answer);
    }
    this.pumping = false;
  }

  async post(item) {
    const controller = (this.posting = new AbortController());
    const timer = setTimeout(() => controller.abort(), PATIENCE);
    try {
      const body = JSON.stringify(item.choice ? { id: item.id, choice: item.choice } : { id: item.id, text: item.text });
      const headers = { "Content-Type": "application/json" };
      const response = await this.request("POST", "messages", { headers, body, signal: controller.signal });
      const later = response.status >= 500 || response.status === 429;
      if (later) return { retry: true, after: 1000 * (parseInt(response.headers.get("Retry-After"), 10) || 0) };
      const answer = await response.json();
      return response.ok ? answer : { refused: answer.error || "?" };
    } catch (error) {
      return { retry: true, after: 0 };
    } finally {
      clearTimeout(timer);
    }
  }

  accepted(item, answer) {
    if (answer.visitor) this.token.set(answer.visitor);
    if (answer.started) {
      if (this.last) this.tell.reset(item);
      this.last = 0;
      if (this.streaming) this.streaming.abort();
    }
    this.tell.sent(item);
    if (answer.started || !this.following) this.follow();
  }

  async erase() {
    try {
      const response = await this.request("DELETE", "messages", {});
      if (!response.ok && response.status !== 401) return false;
    } catch (error) {
      return false;
    }
    this.outbox = [];
    this.save();
    if (this.posting) this.posting.abort();
    this.last = 0;
    this.token.set(null);
    this.rest();
    return true;
  }
}
