// A canvas to draw on by mouse, finger, pen or arrow keys. Each image pixel is SCALE x SCALE pixels
// of the canvas; what is sent is their mean.
const SCALE = 10;
const INTERVAL = 40; // milliseconds between images that are sent while a line grows
const MOVES = {ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1]};

export default {
  template: `
    <div style="position: relative; width: 100%; max-width: 336px">
      <canvas ref="canvas" :width="columns * ${SCALE}" :height="rows * ${SCALE}" tabindex="0"
        role="application" :aria-label="label" aria-roledescription="drawing"
        style="width: 100%; display: block; touch-action: none; cursor: crosshair; border-radius: 8px;
          image-rendering: pixelated; border: 1px solid rgba(128, 128, 128, 0.5)"
        @pointerdown="begin" @pointermove="go" @pointerup="end" @pointercancel="end"
        @keydown="key"></canvas>
      <div v-if="empty" aria-hidden="true" :style="{position: 'absolute', inset: 0, display: 'flex',
        alignItems: 'center', justifyContent: 'center', textAlign: 'center', padding: '16px',
        pointerEvents: 'none', color: light ? '#444' : '#ddd'}">{{ hint }}</div>
    </div>`,
  props: {rows: Number, columns: Number, channels: Number, light: Boolean, label: String, hint: String,
    thickness: Number},
  // Earlier states are kept for undo; `pointer` is the one that draws.
  data: () => ({strokes: [], base: null, earlier: [], empty: true, line: null, pointer: null, pen: null,
    timer: null}),
  mounted() {
    this.paint();
  },
  methods: {
    show(url) {
      const image = new Image();
      image.onload = () => {
        this.strokes = [];
        this.earlier = [];
        this.base = image;
        this.paint();
      };
      image.src = url;
    },
    keep() {
      this.earlier.push([this.base, [...this.strokes]]);
    },
    clear() {
      this.keep();
      this.strokes = [];
      this.base = null;
      this.paint();
      this.send();
    },
    undo() {
      if (!this.earlier.length) return;
      [this.base, this.strokes] = this.earlier.pop();
      this.paint();
      this.send();
    },
    paint() {
      const canvas = this.$refs.canvas;
      const context = canvas.getContext("2d", {willReadFrequently: true});
      context.fillStyle = this.light ? "white" : "black";
      context.fillRect(0, 0, canvas.width, canvas.height);
      context.imageSmoothingEnabled = false;
      if (this.base) context.drawImage(this.base, 0, 0, canvas.width, canvas.height);
      context.strokeStyle = this.light ? "black" : "white";
      context.lineCap = context.lineJoin = "round";
      for (const stroke of this.strokes) {
        context.lineWidth = stroke.width * SCALE;
        context.beginPath();
        context.moveTo(...stroke.points[0]);
        for (const point of stroke.points) context.lineTo(...point);
        context.stroke();
      }
      this.empty = !this.base && !this.strokes.length;
    },
    place(event) {
      const canvas = this.$refs.canvas, box = canvas.getBoundingClientRect();
      return [(event.clientX - box.left) * canvas.width / box.width,
        (event.clientY - box.top) * canvas.height / box.height];
    },
    start(point) {
      this.keep();
      this.line = {width: this.thickness, points: [point]};
      this.strokes.push(this.line);
    },
    begin(event) {
      if (event.button || this.pointer !== null) return;
      this.pointer = event.pointerId;
      this.$refs.canvas.setPointerCapture(event.pointerId);
      this.start(this.place(event));
      this.changed();
    },
    go(event) {
      if (!this.line || event.pointerId !== this.pointer) return;
      const all = event.getCoalescedEvents ? event.getCoalescedEvents() : [];
      for (const one of all.length ? all : [event]) this.line.points.push(this.place(one));
      this.changed();
    },
    end(event) {
      if (event.pointerId !== this.pointer) return;
      this.pointer = this.line = null;
      this.changed();
    },
    key(event) {
      const move = MOVES[event.key];
      if (!move) return;
      event.preventDefault();
      const canvas = this.$refs.canvas;
      this.pen = this.pen || [canvas.width / 2, canvas.height / 4];
      const next = this.pen.map((value, i) =>
        Math.min(Math.max(value + move[i] * SCALE, 0), i ? canvas.height : canvas.width));
      if (event.shiftKey) {
        this.line = null;
      } else {
        if (!this.line) this.start(this.pen);
        this.line.points.push(next);
        this.changed();
      }
      this.pen = next;
    },
    changed() {
      this.paint();
      // At intervals, and the last image always.
      this.timer = this.timer || setTimeout(() => { this.timer = null; this.send(); }, INTERVAL);
    },
    send() {
      const canvas = this.$refs.canvas;
      const {data} = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
      const bytes = new Uint8Array(this.rows * this.columns * this.channels);
      for (let i = 0; i < this.rows; i++) for (let j = 0; j < this.columns; j++)
        for (let c = 0; c < this.channels; c++) {
          let sum = 0;
          for (let y = i * SCALE; y < (i + 1) * SCALE; y++) for (let x = j * SCALE; x < (j + 1) * SCALE; x++)
            sum += data[4 * (y * canvas.width + x) + c];
          bytes[(i * this.columns + j) * this.channels + c] = Math.round(sum / SCALE ** 2);
        }
      this.$emit("draw", btoa(String.fromCharCode(...bytes)));
    },
  },
};
