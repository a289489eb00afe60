// The page: camera or clip in, captions, voice and drawing out.

import { Camera, listCameras } from "./camera.js";
import { Drawing, words } from "./draw.js";
import { remember } from "./history.js";
import { showLexicon } from "./lexicon.js";
import { Link, ask } from "./link.js";
import { forget, note, sentence } from "./notes.js";
import { Voice } from "./voice.js";

const CAPTION_MS = 6000;
const LARGEST_CLIP = 300e6;
const ENDINGS = { mkv: "video/x-matroska", avi: "video/x-msvideo", mp4: "video/mp4", mov: "video/quicktime", webm: "video/webm" };

const $ = (id) => document.getElementById(id);
const [video, picture, stage] = [$("video"), $("picture"), $("stage")];
const drawing = new Drawing($("overlay"));
const voice = new Voice((blocked) => { $("sound").hidden = !blocked; });
const link = new Link({ state: onState, message: onMessage });
const camera = new Camera(video, {
  ready: () => wanted === "camera" && reading && link.free,
  picture: (time, jpeg) => { if (reading && link.ready) link.sendFrame(time, jpeg); },
  resized: begin,
  unplugged: onUnplugged,
});

// What is wanted, whatever the socket does meanwhile: nothing, "camera" or "clip"; and whether the server reads it.
let wanted = null;
let reading = false;
let captionTimer = 0;

// ---- what the server tells

const ANSWERS = {
  started: () => { reading = true; },
  step: onStep,
  event: ({ row }) => { if (row.event === "gap") $("seen").textContent = "The picture was away for a moment."; },
  caption: onCaption,
  speech: ({ number }, wav) => voice.say(wav, number),
  notice: onNotice,
  taken: onTaken,
  ended: onEnded,
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

function onNotice({ kind, message }) {
  const clipFails = wanted === "clip" && (kind === "failed" || (kind === "refused" && !reading));
  if (clipFails) return finishClip(sentence(message));
  if (kind === "failed") stopCamera();
  note(kind, sentence(message));
}

function onStep(step, jpeg) {
  if (wanted === null) return;
  drawing.draw(step);
  stage.style.aspectRatio = `${step.width} / ${step.height}`;
  if (jpeg?.byteLength) showPicture(jpeg);
  const hand = step.hands[0] ? `sign: ${words(step.hands[0].gesture)}` : "no sign";
  const text = `${step.face ? "Face seen" : "No face"}, ${hand}`;
  if ($("seen").textContent !== text) $("seen").textContent = text;
}

async function showPicture(jpeg) {
  const image = await createImageBitmap(new Blob([jpeg], { type: "image/jpeg" }));
  picture.width = image.width;
  picture.height = image.height;
  picture.getContext("2d").drawImage(image, 0, 0);
  image.close();
}

function onCaption(caption) {
  $("caption").textContent = caption.text;
  $("caption").dataset.sure = String(caption.spoken);
  clearTimeout(captionTimer);
  captionTimer = setTimeout(() => { $("caption").textContent = ""; }, CAPTION_MS);
  if (caption.spoken) remember(caption, $("caption").lang);
}

function onTaken() {
  if (wanted === "clip") $("clip-state").textContent = "";
  camera.close();
  idle();
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
  try {
    await camera.open($("which").value);
  } catch (error) {
    return note("camera", error.message, { name: "Try again", go: startCamera });
  }
  wanted = "camera";
  show(video, "Stop camera");
  listCameras($("which"));
  begin();
}

function begin() {
  reading = false;
  drawing.clear();
  link.send({ type: "start", source: "camera", number: voice.number });
}

function stopCamera() {
  link.send({ type: "end" });
  camera.close();
  idle();
}

function onUnplugged() {
  stopCamera();
  note("camera", "The camera was unplugged or taken away.", { name: "Try again", go: startCamera });
}

function show(element, label) {
  video.hidden = element !== video;
  picture.hidden = element !== picture;
  stage.dataset.state = "reading";
  $("camera").textContent = label;
}

function idle() {
  wanted = null;
  reading = false;
  video.hidden = picture.hidden = true;
  stage.dataset.state = "idle";
  $("camera").textContent = "Start camera";
  $("seen").textContent = "";
  drawing.clear();
}

// ---- clip

async function readClip() {
  const file = $("file").files[0];
  if (!file) return;
  if (wanted === "camera") stopCamera();
  const say = (text) => { $("clip-state").textContent = text; };
  try {
    say("Taking the clip …");
    const clip = await upload(file);
    if (!link.ready) throw new Error("there is no connection: choose the clip again once there is");
    wanted = "clip";
    reading = false;
    show(picture, "Stop clip");
    say("Reading the clip …");
    link.send({ type: "start", source: "clip", clip, number: voice.number });
  } catch (error) {
    say(sentence(error.message));
  }
  $("file").value = "";
}

async function upload(file) {
  if (file.size > LARGEST_CLIP) throw new Error("the clip has more than 300 MB: cut it, or use the camera");
  const type = file.type || ENDINGS[file.name.split(".").pop().toLowerCase()] || "";
  const { clip } = await ask("/clip", { method: "POST", body: file, headers: { "Content-Type": type } });
  return clip;
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

function toggle() {
  voice.wake();
  if (wanted === "clip") {
    link.send({ type: "end" });
    finishClip("Stopped.");
  } else if (wanted === "camera") stopCamera();
  else startCamera();
}

function setTheme(theme) {
  document.documentElement.dataset.theme = theme;
  $("theme").textContent = theme === "light" ? "Dark colours" : "Light colours";
}

function stored(key, value) {
  try {
    if (value !== undefined) localStorage.setItem(key, value);
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

$("stop").addEventListener("click", quiet);
$("camera").addEventListener("click", toggle);
$("sound").addEventListener("click", () => voice.wake().then(() => voice.go()));
$("again").addEventListener("click", () => voice.again());
$("file").addEventListener("change", readClip);
$("which").addEventListener("change", () => {
  if (wanted !== "camera") return;
  stopCamera();
  startCamera();
});
$("mute").addEventListener("change", ({ target }) => {
  voice.muted = target.checked;
  if (target.checked) quiet();
  voice.check();
});
$("mirror").addEventListener("change", ({ target }) => {
  drawing.mirrored = target.checked;
  stage.classList.toggle("mirrored", target.checked);
});
$("theme").addEventListener("click", () => {
  const theme = document.documentElement.dataset.theme === "light" ? "dark" : "light";
  setTheme(theme);
  stored("theme", theme);
});
document.addEventListener("keydown", ({ key }) => { if (key === "Escape") quiet(); });
document.addEventListener("pointerdown", () => voice.wake().then(() => voice.go()), { once: true });

setTheme(stored("theme") ?? (matchMedia("(prefers-color-scheme: light)").matches ? "light" : "dark"));
if (!voice.possible) note("voice", "This browser cannot play sound: captions are shown.");
if ("WebSocket" in window) {
  link.open();
  showLexicon();
  camera.watch();
} else {
  note("socket", "This browser has no WebSocket: open the page in a current browser.");
}
