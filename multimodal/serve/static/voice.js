// The voice: one sentence sounds, one may wait, a newer one takes the waiting one's place.

export class Voice {
  /** `blocked(yes)` is told whether the browser waits for a click before it lets anything sound. */
  constructor(blocked) {
    this.blocked = blocked;
    this.number = 0;
    this.muted = false;
    this.played = 0;
    const Context = window.AudioContext ?? window.webkitAudioContext;
    this.context = Context ? new Context() : null;
    this.context?.addEventListener("statechange", () => this.check());
  }

  get possible() {
    return this.context !== null;
  }

  check() {
    this.blocked(this.possible && this.context.state === "suspended" && !this.muted);
  }

  /** Let it sound, if the browser allows: after a click it does. */
  async wake() {
    if (this.possible && this.context.state === "suspended") await this.context.resume().catch(() => {});
    this.check();
  }

  async say(wav, number) {
    if (!this.possible || this.muted || number < this.number) return;
    const sound = await this.context.decodeAudioData(wav).catch(() => null);
    if (sound === null || number < this.number) return;
    this.last = sound;
    this.next = sound;
    if (this.context.state === "suspended") return this.check();
    this.go();
  }

  again() {
    if (!this.last) return;
    this.next = this.last;
    this.wake().then(() => this.go());
  }

  /** Silence now; sentences that were made before are not played any more. Gives the new number. */
  stop() {
    this.next = null;
    this.number += 1;
    const node = this.node;
    this.node = null;
    node?.stop();
    return this.number;
  }

  go() {
    if (this.node || !this.next || this.context.state !== "running") return;
    const node = this.context.createBufferSource();
    node.buffer = this.next;
    this.next = null;
    node.connect(this.context.destination);
    node.onended = () => {
      if (this.node === node) this.node = null;
      this.go();
    };
    this.node = node;
    this.played += 1;
    node.start();
  }
}
