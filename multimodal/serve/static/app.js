// The page: camera or clip in, captions, voice and drawing out.

import { Link, ask } from "./link.js";
import { Voice } from "./voice.js";
import { Drawing, words } from "./draw.js";
import { showLexicon } from "./lexicon.js";

const LONGEST_SIDE = 640;
const JPEG_QUALITY = 0.92;
const CAPTION_MS = 6000;
const MOST_SAID = 200;
const LARGEST_CLIP = 300e6;
const ENDINGS = { mkv: "video/x-matroska", avi: "video/x-msvideo", mp4: "video/mp4", mov: "video/quicktime", webm: "video/webm" };

const $ = (id) => document.getElementById(id);
const [video, picture, stage] = [$("video"), $("picture"), $("stage")];
const drawing = new Drawing($("overlay"));
const voice = new Voice((blocked) => { $("sound").hidden = !blocked; });
const link = new Link({ state: onState, message: onMessage });
const shot = document.createElement("canvas");

// What is wanted, whatever the socket does meanwhile: nothing, "camera" or "clip".
let wanted = null;
let reading = false;
let encoding = false;
let camera = null;
let captionTimer = 0;
let lastShot = -Infinity;

const ANSWERS = {
  started: () => { reading = true; },
  step: (step, jpeg) => onStep(step, jpeg),
  event: ({ row }) => onEvent(row),
  caption: (caption) => onCaption(caption),
  speech: ({ number }, wav) => voice.say(wav, number),
  notice: ({ kind, message }) => onNotice(kind, message),
  taken: () => onTaken(),
  ended: (end) => onEnded(end),
};

function onMessage(header, payload) {
  ANSWERS[header.type]?.(header, payload);
}

function onState(text, open) {
  $("link").textContent = text;
  $("link").dataset.open = String(open);
  reading = false;
  if (open && wanted === "camera") begin();
  if (!open && wanted === "clip") finishClip("The connection was lost while the clip was read: choose it again.");
}

// ---- notes to the user

function note(id, text, action) {
  forget(id);
  const box = Object.assign(document.createElement("div"), { className: "alert", id: `alert-${id}` });
  box.append(Object.assign(document.createElement("p"), { textContent: text }));
  box.append(button(action?.name ?? "Close", () => { forget(id); action?.go(); }));
  $("alerts").append(box);
}

function forget(id) {
  $(`alert-${id}`)?.remove();
}

function button(text, go) {
  const made = Object.assign(document.createElement("button"), { type: "button", textContent: text });
  made.addEventListener("click", go);
  return made;
}

function onNotice(kind, message) {
  note(kind, sentence(message));
  if (kind === "failed") wanted === "clip" ? finishClip(sentence(message)) : stopCamera();
}

function sentence(text) {
  return text.charAt(0).toUpperCase() + text.slice(1) + (/[.!?]$/.test(text) ? "" : ".");
}

// ---- what the server tells

function onStep(step, jpeg) {
  if (wanted === null) return;
  drawing.draw(step);
  stage.style.aspectRatio = `${step.width} / ${step.height}`;
  if (jpeg?.byteLength) showPicture(jpeg);
  const hand = step.hands[0] ? `sign: ${words(step.hands[0].gesture)}` : "no sign";
  const text = `${step.face ? "Face seen" : "No face"}, ${hand}`;
  if ($("seen").textContent !== text) $("seen").textContent = text;
  $("seen").dataset.frames = step.index;
}

async function showPicture(jpeg) {
  const image = await createImageBitmap(new Blob([jpeg], { type: "image/jpeg" }));
  picture.width = image.width;
  picture.height = image.height;
  picture.getContext("2d").drawImage(image, 0, 0);
  image.close();
}

function onEvent(row) {
  if (row.event === "gap") $("seen").textContent = "The picture was away for a moment.";
}

function onCaption(caption) {
  $("caption").textContent = caption.text;
  $("caption").dataset.sure = String(caption.spoken);
  clearTimeout(captionTimer);
  captionTimer = setTimeout(() => { $("caption").textContent = ""; }, CAPTION_MS);
  if (caption.spoken) remember(caption);
}

function remember({ text, gesture, affect }) {
  const item = document.createElement("li");
  const time = Object.assign(document.createElement("time"), { textContent: new Date().toLocaleTimeString() });
  const said = Object.assign(document.createElement("span"), { textContent: text, lang: $("caption").lang });
  const why = affect === "none" ? words(gesture) : `${words(gesture)}, ${affect}`;
  item.append(time, said, Object.assign(document.createElement("span"), { className: "why", textContent: ` (${why})` }));
  $("history").prepend(item);
  while ($("history").childElementCount > MOST_SAID) $("history").lastElementChild.remove();
  showHistory();
}

function showHistory() {
  const empty = $("history").childElementCount === 0;
  $("nothing").hidden = !empty;
  $("history").hidden = $("forget").hidden = empty;
}

function onTaken() {
  const back = wanted;
  releaseCamera();
  idle();
  if (back === "clip") $("clip-state").textContent = "";
  note("taken", "Another tab reads the camera now. Only one can at a time.", { name: "Take it back", go: startCamera });
}

function onEnded(end) {
  if (wanted !== "clip") return;
  const short = end.truncated ? " It ended early: the file is damaged or incomplete." : "";
  finishClip(`The clip was read: ${end.frames} pictures.${short}`);
}

// ---- camera

async function startCamera() {
  forget("taken");
  forget("camera");
  if (!navigator.mediaDevices?.getUserMedia) {
    return note("camera", "This browser gives no camera to this page: open it as http://127.0.0.1, in a current browser.");
  }
  const size = { width: { ideal: 640 }, height: { ideal: 480 }, frameRate: { ideal: 30 } };
  const which = $("which").value ? { deviceId: { exact: $("which").value } } : {};
  try {
    camera = await navigator.mediaDevices.getUserMedia({ video: { ...size, ...which }, audio: false });
  } catch (error) {
    return note("camera", reasonOf(error), { name: "Try again", go: startCamera });
  }
  camera.getVideoTracks()[0].addEventListener("ended", () => {
    stopCamera();
    note("camera", "The camera was unplugged or taken away.", { name: "Try again", go: startCamera });
  });
  video.srcObject = camera;
  await video.play().catch(() => {});
  wanted = "camera";
  show(video, "Stop camera");
  listCameras();
  begin();
}

function reasonOf(error) {
  const known = {
    NotAllowedError: "The camera is not allowed: allow it beside the address, then try again. You can also read a clip.",
    NotFoundError: "There is no camera: plug one in and try again, or read a clip.",
    NotReadableError: "Another program uses the camera: close it and try again.",
    OverconstrainedError: "This camera is not there any more: choose another.",
  };
  return known[error.name] ?? `The camera cannot be used (${error.name}): try again, or read a clip.`;
}

async function listCameras() {
  const devices = (await navigator.mediaDevices.enumerateDevices()).filter(({ kind }) => kind === "videoinput");
  const chosen = $("which").value;
  $("which").replaceChildren(
    new Option("default", ""),
    ...devices.map(({ deviceId, label }, number) => new Option(label || `camera ${number + 1}`, deviceId)),
  );
  $("which").value = devices.some(({ deviceId }) => deviceId === chosen) ? chosen : "";
}

function begin() {
  reading = false;
  drawing.clear();
  link.send({ type: "start", source: "camera", number: voice.number });
}

function stopCamera() {
  link.send({ type: "end" });
  releaseCamera();
  idle();
}

function releaseCamera() {
  camera?.getTracks().forEach((track) => track.stop());
  camera = null;
  video.srcObject = null;
}

function show(element, label) {
  video.hidden = element !== video;
  picture.hidden = element !== picture;
  stage.dataset.state = "reading";
  $("camera").textContent = label;
  $("camera").setAttribute("aria-pressed", "true");
}

function idle() {
  wanted = null;
  reading = false;
  video.hidden = picture.hidden = true;
  stage.dataset.state = "idle";
  $("camera").textContent = "Start camera";
  $("camera").setAttribute("aria-pressed", "false");
  $("seen").textContent = "";
  drawing.clear();
}

// The newest picture only: what cannot go at once is left out.
function grab(now, about) {
  later();
  if (wanted !== "camera" || !reading || encoding || !link.free || !video.videoWidth) return;
  const scale = Math.min(1, LONGEST_SIDE / Math.max(video.videoWidth, video.videoHeight));
  const [width, height] = [Math.round(scale * video.videoWidth), Math.round(scale * video.videoHeight)];
  if (shot.width !== width || shot.height !== height) {
    const first = shot.dataset.used !== "yes";
    Object.assign(shot, { width, height });
    shot.dataset.used = "yes";
    if (!first) return begin();
  }
  const time = about?.captureTime ?? now;
  if (time <= lastShot) return;
  lastShot = time;
  encoding = true;
  shot.getContext("2d").drawImage(video, 0, 0, width, height);
  shot.toBlob(async (blob) => {
    const jpeg = await blob?.arrayBuffer();
    encoding = false;
    if (jpeg && reading && link.ready) link.sendFrame(time, jpeg);
  }, "image/jpeg", JPEG_QUALITY);
}

function later() {
  if (video.requestVideoFrameCallback && !video.hidden) video.requestVideoFrameCallback(grab);
  else setTimeout(() => grab(performance.now()), 33);
}

// ---- clip

async function readClip() {
  const file = $("file").files[0];
  if (!file) return;
  const say = (text) => { $("clip-state").textContent = text; };
  if (file.size > LARGEST_CLIP) return say("The clip has more than 300 MB: cut it, or use the camera.");
  if (wanted === "camera") stopCamera();
  say("Taking the clip …");
  const type = file.type || ENDINGS[file.name.split(".").pop().toLowerCase()] || "";
  try {
    const { clip } = await ask("/clip", { method: "POST", body: file, headers: { "Content-Type": type } });
    wanted = "clip";
    show(picture, "Stop clip");
    say("Reading the clip …");
    link.send({ type: "start", source: "clip", clip, number: voice.number });
  } catch (error) {
    say(sentence(error.message));
  }
  $("file").value = "";
}

function finishClip(text) {
  $("clip-state").textContent = text;
  idle();
}

// ---- controls

function quiet() {
  link.send({ type: "quiet", number: voice.stop() });
  $("caption").textContent = "";
}

function toggleCamera() {
  voice.wake();
  if (wanted === "clip") {
    link.send({ type: "end" });
    finishClip("Stopped.");
  } else if (wanted === "camera") stopCamera();
  else startCamera();
}

function setTheme(theme) {
  document.documentElement.dataset.theme = theme;
  $("theme").setAttribute("aria-pressed", String(theme === "light"));
}

function mayRemember(key, value) {
  try {
    if (value !== undefined) localStorage.setItem(key, value);
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

$("stop").addEventListener("click", quiet);
$("camera").addEventListener("click", toggleCamera);
$("sound").addEventListener("click", () => voice.wake().then(() => voice.go()));
$("again").addEventListener("click", () => voice.again());
$("forget").addEventListener("click", () => { $("history").replaceChildren(); showHistory(); });
$("file").addEventListener("change", readClip);
$("which").addEventListener("change", () => { if (wanted === "camera") { stopCamera(); startCamera(); } });
$("mute").addEventListener("change", ({ target }) => { voice.muted = target.checked; if (target.checked) quiet(); voice.check(); });
$("mirror").addEventListener("change", ({ target }) => {
  drawing.mirrored = target.checked;
  stage.classList.toggle("mirrored", target.checked);
});
$("theme").addEventListener("click", () => {
  const theme = document.documentElement.dataset.theme === "light" ? "dark" : "light";
  setTheme(theme);
  mayRemember("theme", theme);
});
document.addEventListener("keydown", ({ key }) => { if (key === "Escape") quiet(); });
document.addEventListener("pointerdown", () => voice.wake().then(() => voice.go()), { once: true });

setTheme(mayRemember("theme") ?? (matchMedia("(prefers-color-scheme: light)").matches ? "light" : "dark"));
if (!voice.possible) note("voice", "This browser cannot play sound: captions are shown.");
if ("WebSocket" in window) {
  link.open();
  showLexicon();
  later();
} else {
  note("socket", "This browser has no WebSocket: open the page in a current browser.");
}
