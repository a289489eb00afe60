// The camera: asked for, told apart from others, and read picture by picture.

const LONGEST_SIDE = 640;
const JPEG_QUALITY = 0.92;
const PAUSE_MS = 33;
const REASONS = {
  NotAllowedError: "The camera is not allowed: allow it beside the address, then try again. You can also read a clip.",
  NotFoundError: "There is no camera: plug one in and try again, or read a clip.",
  NotReadableError: "Another program uses the camera: close it and try again.",
  OverconstrainedError: "This camera is not there any more: choose another.",
};

export class Camera {
  /** `on` has: ready(), whether a picture is wanted now; picture(time, jpeg); resized(); unplugged(). */
  constructor(video, on) {
    this.video = video;
    this.on = on;
    this.stream = null;
    this.canvas = document.createElement("canvas");
    this.encoding = false;
    this.sized = false;
    this.last = -Infinity;
  }

  /** Switch on the camera of that identity, or any; throws an Error that tells what is wrong and what to do. */
  async open(identity) {
    if (!navigator.mediaDevices?.getUserMedia) {
      throw new Error("This browser gives no camera to this page: open it as http://127.0.0.1, in a current browser.");
    }
    const size = { width: { ideal: 640 }, height: { ideal: 480 }, frameRate: { ideal: 30 } };
    const which = identity ? { deviceId: { exact: identity } } : {};
    try {
      this.stream = await navigator.mediaDevices.getUserMedia({ video: { ...size, ...which }, audio: false });
    } catch (error) {
      throw new Error(REASONS[error.name] ?? `The camera cannot be used (${error.name}): try again, or read a clip.`);
    }
    this.stream.getVideoTracks()[0].addEventListener("ended", () => this.on.unplugged());
    this.video.srcObject = this.stream;
    await this.video.play().catch(() => {});
  }

  close() {
    this.stream?.getTracks().forEach((track) => track.stop());
    this.stream = null;
    this.video.srcObject = null;
  }

  /** Look at each new picture from now on. The newest only: what cannot go at once is left out. */
  watch() {
    if (this.video.requestVideoFrameCallback && this.stream) {
      this.video.requestVideoFrameCallback((now, about) => this.look(about.captureTime ?? now));
    } else {
      setTimeout(() => this.look(performance.now()), PAUSE_MS);
    }
  }

  look(time) {
    this.watch();
    if (this.encoding || !this.video.videoWidth || !this.on.ready()) return;
    if (this.resize()) return this.on.resized();
    if (time <= this.last) return;
    this.last = time;
    this.encode(time);
  }

  /** Fit the canvas to the camera; true where the camera has changed its size. */
  resize() {
    const { videoWidth, videoHeight } = this.video;
    const scale = Math.min(1, LONGEST_SIDE / Math.max(videoWidth, videoHeight));
    const [width, height] = [Math.round(scale * videoWidth), Math.round(scale * videoHeight)];
    if (this.canvas.width === width && this.canvas.height === height) return false;
    Object.assign(this.canvas, { width, height });
    const changed = this.sized;
    this.sized = true;
    return changed;
  }

  encode(time) {
    const { canvas } = this;
    this.encoding = true;
    canvas.getContext("2d").drawImage(this.video, 0, 0, canvas.width, canvas.height);
    canvas.toBlob(async (blob) => {
      const jpeg = await blob?.arrayBuffer();
      this.encoding = false;
      if (jpeg) this.on.picture(time, jpeg);
    }, "image/jpeg", JPEG_QUALITY);
  }
}

/** Fill the list of cameras; their names are known once one was allowed. */
export async function listCameras(list) {
  const devices = (await navigator.mediaDevices.enumerateDevices()).filter(({ kind }) => kind === "videoinput");
  const chosen = list.value;
  list.replaceChildren(
    new Option("default", ""),
    ...devices.map(({ deviceId, label }, number) => new Option(label || `camera ${number + 1}`, deviceId)),
  );
  list.value = devices.some(({ deviceId }) => deviceId === chosen) ? chosen : "";
}
