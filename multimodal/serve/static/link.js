// The socket: opens, comes back by itself with growing pauses, and takes what the server says apart.

export const token = new URLSearchParams(location.search).get("token") ?? "";
const PAUSES_S = [0.5, 1, 2, 4, 8];
const MOST_UNANSWERED = 2;
const PATIENCE_MS = 1500;

/** Ask a data route; gives the answer's JSON, or throws an Error whose `fields` name the faulty fields. */
export async function ask(path, options = {}) {
  const headers = { Authorization: `Bearer ${token}`, ...(options.headers ?? {}) };
  const answer = await fetch(path, { ...options, headers });
  const content = await answer.json().catch(() => ({ error: `the server answered ${answer.status}` }));
  if (!answer.ok) throw Object.assign(new Error(content.error), { fields: content.fields ?? {}, status: answer.status });
  return content;
}

export class Link {
  /** `on` has: state(text, open), message(header, payload or null). */
  constructor(on) {
    this.on = on;
    this.tries = 0;
    this.unanswered = 0;
    this.lastSent = 0;
  }

  open() {
    clearTimeout(this.timer);
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const socket = new WebSocket(`${scheme}://${location.host}/stream?token=${encodeURIComponent(token)}`);
    socket.binaryType = "arraybuffer";
    socket.onopen = () => {
      this.tries = 0;
      this.unanswered = 0;
      this.on.state("Connected.", true);
    };
    socket.onmessage = ({ data }) => this.receive(data);
    socket.onclose = () => this.lost();
    this.socket = socket;
  }

  get ready() {
    return this.socket?.readyState === WebSocket.OPEN;
  }

  /** Whether a frame may go: otherwise it is left out, and the next one is newer anyway. */
  get free() {
    const waiting = this.unanswered >= MOST_UNANSWERED && performance.now() - this.lastSent < PATIENCE_MS;
    return this.ready && this.socket.bufferedAmount === 0 && !waiting;
  }

  send(message) {
    if (this.ready) this.socket.send(JSON.stringify(message));
  }

  async sendFrame(time, jpeg) {
    const content = new Uint8Array(8 + jpeg.byteLength);
    new DataView(content.buffer).setFloat64(0, time, true);
    content.set(new Uint8Array(jpeg), 8);
    this.unanswered = Math.min(this.unanswered, MOST_UNANSWERED - 1) + 1;
    this.lastSent = performance.now();
    this.socket.send(content);
  }

  receive(data) {
    if (typeof data === "string") return this.deliver(JSON.parse(data), null);
    const length = new DataView(data).getUint32(0, true);
    const header = JSON.parse(new TextDecoder().decode(new Uint8Array(data, 4, length)));
    this.deliver(header, data.slice(4 + length));
  }

  deliver(header, payload) {
    if (header.type === "step") this.unanswered = Math.max(0, this.unanswered - 1);
    this.on.message(header, payload);
  }

  async lost() {
    const answer = await ask("/state").catch((error) => error);
    if (answer.status === 403) {
      return this.on.state("veilspeak was started anew: open the address that it printed in the terminal.", false);
    }
    const pause = PAUSES_S[Math.min(this.tries++, PAUSES_S.length - 1)];
    this.on.state(`Connection lost. Trying again in ${pause} s …`, false);
    this.timer = setTimeout(() => this.open(), 1000 * pause);
  }
}
