// What is drawn over the picture: regions by attention, hidden ones hatched, hands with their sign.

const ATTENTION_MS = 1500;
const HIDDEN_BELOW = 0.5;
// Pixels of the page, however small the picture is shown.
const LEAST_TEXT = 18;
// Blue to yellow, readable by the colour-blind.
const RAMP = [[13, 8, 135], [126, 3, 168], [204, 71, 120], [248, 149, 64], [240, 249, 33]];

export class Drawing {
  constructor(canvas) {
    this.canvas = canvas;
    this.context = canvas.getContext("2d");
    this.hatch = hatching(this.context);
    this.felt = null;
    this.mirrored = false;
  }

  clear() {
    this.felt = null;
    this.context.clearRect(0, 0, this.canvas.width, this.canvas.height);
  }

  draw(step) {
    const { canvas, context } = this;
    if (canvas.width !== step.width || canvas.height !== step.height) {
      canvas.width = step.width;
      canvas.height = step.height;
    }
    if (step.attention.length) this.felt = { t: step.t_ms, values: step.attention };
    if (this.felt && step.t_ms - this.felt.t > ATTENTION_MS) this.felt = null;
    context.clearRect(0, 0, canvas.width, canvas.height);
    context.lineWidth = Math.max(1, step.width / 400);
    step.regions.forEach((outline, number) => this.region(outline, number, step.visibility[number] ?? 1));
    step.hands.forEach((hand) => this.hand(hand));
  }

  x(value) {
    return this.mirrored ? this.canvas.width - value : value;
  }

  region(outline, number, visibility) {
    const { context } = this;
    context.beginPath();
    outline.forEach(([x, y]) => context.lineTo(this.x(x), y));
    context.closePath();
    if (visibility < HIDDEN_BELOW) {
      context.fillStyle = this.hatch;
      context.fill();
    } else if (this.felt) {
      const strength = this.felt.values[number] / Math.max(...this.felt.values, 1e-6);
      context.fillStyle = `rgb(${colour(strength)} / ${0.15 + 0.4 * strength})`;
      context.fill();
    }
    context.strokeStyle = "#e6e6e6";
    context.stroke();
  }

  hand({ box, gesture, confidence }) {
    const { context, canvas } = this;
    const [x0, y0, x1, y1] = box;
    const left = Math.min(this.x(x0), this.x(x1));
    const size = Math.max(canvas.width / 26, LEAST_TEXT * canvas.width / Math.max(1, canvas.clientWidth));
    const text = `${words(gesture)} ${Math.round(100 * confidence)} %`;
    context.strokeStyle = "#50dc78";
    context.lineWidth = Math.max(2, canvas.width / 220);
    context.strokeRect(left, y0, x1 - x0, y1 - y0);
    context.font = `600 ${size}px system-ui, sans-serif`;
    const width = context.measureText(text).width + size * 0.6;
    const at = { x: Math.max(0, Math.min(left, canvas.width - width)), y: Math.max(0, y0 - 1.4 * size) };
    context.fillStyle = "#0f0f0f";
    context.fillRect(at.x, at.y, width, 1.4 * size);
    context.fillStyle = "#50dc78";
    context.fillText(text, at.x + size * 0.3, at.y + size);
  }
}

/** A name of the lexicon as words. */
export function words(name) {
  return name.replaceAll("_", " ");
}

function colour(strength) {
  const place = Math.min(0.999, Math.max(0, strength)) * (RAMP.length - 1);
  const [low, high] = [RAMP[Math.floor(place)], RAMP[Math.floor(place) + 1]];
  return low.map((value, index) => Math.round(value + (place % 1) * (high[index] - value))).join(" ");
}

function hatching(context) {
  const tile = document.createElement("canvas");
  tile.width = tile.height = 8;
  const pen = tile.getContext("2d");
  [["#0f0f0f", 3.5], ["#f5f5f5", 2]].forEach(([style, width]) => {
    pen.strokeStyle = style;
    pen.lineWidth = width;
    for (const shift of [-8, 0, 8]) {
      pen.beginPath();
      pen.moveTo(shift - 1, 9);
      pen.lineTo(shift + 9, -1);
      pen.stroke();
    }
  });
  return context.createPattern(tile, "repeat");
}
