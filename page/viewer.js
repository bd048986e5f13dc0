// A slice to look at closely: zoom, window, full screen, and the other slices of its series by wheel and keys.
// Python sends a small copy at once, and the source's own pixels when somebody looks.

const MAX_ZOOM = 16
const STEP = 1.25
// A slice is asked for when the wheel rests so long; until then its small copy is shown.
const REST_MS = 120
// If the server shows another slice so long after one was asked for, it had its reasons.
const PATIENCE_MS = 5000
// A wheel's notch in pixels; touch pads send many small steps.
const NOTCH_PX = 50
// Up to this magnification pixels are drawn smoothly, above it as squares.
const SMOOTH_UP_TO = 4

const viewers = new WeakMap()

export default function ({ data, parentElement, setTriggerValue }) {
  let viewer = viewers.get(parentElement)
  if (!viewer) viewers.set(parentElement, (viewer = new Viewer(parentElement)))
  viewer.send = setTriggerValue
  viewer.receive(data)
}

const clamp = (value, low, high) => Math.min(high, Math.max(low, value))

async function unpack(source) {
  const bytes = Uint8Array.from(atob(source.packed), (letter) => letter.charCodeAt(0))
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"))
  const buffer = await new Response(stream).arrayBuffer()
  return source.bits === 16 ? new Uint16Array(buffer) : new Uint8Array(buffer)
}

class Viewer {
  constructor(root) {
    const find = (selector) => root.querySelector(selector)
    this.box = find(".viewer")
    this.frame = find(".frame")
    this.canvas = find("canvas")
    this.place = find(".place")
    this.panel = find("div.shades")
    this.slices = find(".slices")
    this.buttons = Object.fromEntries([...root.querySelectorAll("button")].map((button) => [button.dataset.do, button]))
    this.inputs = Object.fromEntries([...root.querySelectorAll("[data-shade]")].map((input) => [input.dataset.shade, input]))
    this.small = new Map() // pictures by index of the slice
    this.pointers = new Map()
    this.reset(null)
    this.listen()
    new ResizeObserver(() => this.draw()).observe(this.frame)
  }

  // ---- what Python sends

  receive(data) {
    if (this.data?.id !== data.id) {
      this.small.clear()
      this.reset(data.id)
    }
    for (const index of this.small.keys()) if (!(index in data.small)) this.small.delete(index)
    for (const [index, address] of Object.entries(data.small)) {
      if (this.small.get(index)?.src === address) continue
      const picture = new Image()
      picture.onload = () => this.draw()
      picture.src = address
      this.small.set(index, picture)
    }
    this.data = data
    const isLate = this.awaited !== null && data.index !== this.awaited && performance.now() < this.patientUntil
    if (isLate) return
    this.awaited = null
    this.index = data.index
    this.showSource(data)
    this.describe()
    this.draw()
  }

  showSource({ source, index, gone }) {
    if (gone) this.wanted = true
    if (!source) return
    if (this.packed === source.packed) {
      this.sourceIndex = index
      return
    }
    unpack(source).then((pixels) => {
      if (this.index !== index) return
      Object.assign(this, { source, pixels, packed: source.packed, sourceIndex: index })
      if (!this.hasOwnWindow) this.window = [...source.window]
      this.shade()
      this.describe()
    })
  }

  reset(id) {
    Object.assign(this, {
      id, index: 0, awaited: null, patientUntil: 0, wanted: false, wheel: 0, sourceIndex: null, source: null, pixels: null, packed: null,
      hasOwnWindow: false, window: null, zoom: 1, x: 0, y: 0,
    })
  }

  get hasSource() {
    return this.source !== null && this.sourceIndex === this.index
  }

  // ---- what it asks for

  look() {
    if (this.wanted) return
    this.wanted = true
    this.send("close", true)
  }

  go(index) {
    index = clamp(index, 0, this.data.count - 1)
    if (index === this.index) return false
    this.index = this.awaited = index
    this.wanted = true
    clearTimeout(this.timer)
    this.patientUntil = performance.now() + PATIENCE_MS
    this.timer = setTimeout(() => this.send("slice", index), REST_MS)
    this.describe()
    this.draw()
    return true
  }

  // ---- window

  get values() {
    const [black, white] = this.source.values
    return { black, white, span: Math.abs(white - black), sign: white < black ? -1 : 1 }
  }

  // Level and width as the inputs show them: a scan's own values, or brightness and contrast of a picture in percent.
  get shades() {
    const [black, white] = this.window
    if (this.source.has_values) return { level: (black + white) / 2, width: Math.abs(white - black) }
    return { level: (127.5 - (black + white) / 2) / 1.275, width: -40 * Math.log2(Math.abs(white - black) / 255) }
  }

  setShades({ level, width }) {
    const { sign, span } = this.values
    const isScan = this.source.has_values
    const centre = isScan ? level : 127.5 - level * 1.275
    const half = ((isScan ? Math.max(width, span / 10000) : 255 * 2 ** (-width / 40)) / 2) * sign
    this.window = [centre - half, centre + half]
    this.hasOwnWindow = true
    this.shade()
  }

  shade() {
    const { columns, rows, bits } = this.source
    const { black, white } = this.values
    const top = 2 ** bits - 1
    const [low, high] = this.window
    const table = new Uint8ClampedArray(top + 1)
    for (let stored = 0; stored <= top; stored++) {
      const value = black + ((white - black) * stored) / top
      table[stored] = (255 * (value - low)) / (high - low)
    }
    const image = new ImageData(columns, rows)
    const words = new Uint32Array(image.data.buffer)
    for (let at = 0; at < words.length; at++) words[at] = 0xff000000 | (table[this.pixels[at]] * 0x10101)
    this.shown ??= document.createElement("canvas")
    this.shown.width = columns
    this.shown.height = rows
    this.shown.getContext("2d").putImageData(image, 0, 0)
    this.showShades()
    this.draw()
  }

  showShades() {
    const { level, width } = this.shades
    const { span } = this.values
    const isScan = this.source.has_values
    const [black, white] = this.source.values
    const whole = span > 20
    const bounds = isScan
      ? { level: [Math.min(black, white), Math.max(black, white)], width: [whole ? 1 : span / 1000, span] }
      : { level: [-100, 100], width: [-100, 100] }
    const names = isScan ? { level: "Window level", width: "Window width" } : { level: "Brightness", width: "Contrast" }
    for (const [shade, value] of Object.entries({ level, width })) {
      const input = this.inputs[shade]
      const label = input.parentElement
      ;[input.min, input.max] = bounds[shade]
      input.step = isScan && !whole ? span / 1000 : 1
      input.value = value
      label.querySelector("span").textContent = names[shade]
      input.setAttribute("aria-label", names[shade])
      const text = isScan ? String(whole ? Math.round(value) : Number(value.toPrecision(3))) : `${Math.round(value)} %`
      label.querySelector("output").textContent = text
    }
  }

  // ---- drawing

  fit() {
    const picture = this.small.get(String(this.index)) ?? this.small.get(String(this.data.index))
    const ratio = picture?.naturalWidth ? picture.naturalWidth / picture.naturalHeight : 1
    const isFull = this.box.classList.contains("full")
    const width = this.frame.clientWidth
    const height = isFull ? this.frame.clientHeight : width / ratio
    const shownWidth = Math.min(width, height * ratio) * this.zoom
    return { picture, width, height, shownWidth, shownHeight: shownWidth / ratio, isFull }
  }

  draw() {
    if (!this.data || !this.frame.clientWidth) return
    const { picture, width, height, shownWidth, shownHeight, isFull } = this.fit()
    const image = this.hasSource ? this.shown : picture
    if (!image || !(image.width || image.naturalWidth)) return
    const dots = window.devicePixelRatio || 1
    this.canvas.width = Math.round(width * dots)
    this.canvas.height = Math.round(height * dots)
    this.canvas.style.height = isFull ? "" : `${height}px`
    this.x = clamp(this.x, -Math.max(0, shownWidth - width) / 2, Math.max(0, shownWidth - width) / 2)
    this.y = clamp(this.y, -Math.max(0, shownHeight - height) / 2, Math.max(0, shownHeight - height) / 2)
    const pen = this.canvas.getContext("2d")
    pen.scale(dots, dots)
    pen.imageSmoothingEnabled = (shownWidth * dots) / image.width < SMOOTH_UP_TO
    pen.imageSmoothingQuality = "high"
    pen.drawImage(image, (width - shownWidth) / 2 + this.x, (height - shownHeight) / 2 + this.y, shownWidth, shownHeight)
    this.frame.classList.toggle("zoomed", this.zoom > 1)
  }

  describe() {
    const { count, name, sides } = this.data
    const isSeries = count > 1
    const slice = `Slice ${this.index + 1} of ${count}`
    const keys = `${isSeries ? "Arrow keys or wheel: slices. " : ""}Plus and minus: zoom. F: full screen.`
    this.frame.setAttribute("aria-label", `Viewer. ${keys}`)
    const about = isSeries ? slice : `The slice ${name}`
    const size = this.hasSource ? `, ${this.source.columns} x ${this.source.rows} pixels` : ", small copy"
    this.canvas.setAttribute("aria-label", about + size)
    this.place.textContent = isSeries ? slice : ""
    this.slices.hidden = !isSeries || !this.box.classList.contains("full")
    this.slices.querySelector("span").textContent = slice
    Object.assign(this.slices.querySelector("input"), { max: count, value: this.index + 1, ariaLabel: "Slice" })
    for (const side of ["left", "right", "top", "bottom"]) {
      this.frame.querySelector(`.${side}`).textContent = sides?.[side] ?? ""
    }
    for (const button of Object.values(this.buttons)) button.setAttribute("aria-label", button.title)
    this.panel.querySelector("p").textContent =
      (this.hasSource
        ? `${this.source.columns} x ${this.source.rows} pixels${this.source.reduced_by > 1 ? `, one in ${this.source.reduced_by}` : ""}. `
        : "Waiting for the original. ") +
      "With a mouse: drag with the right button. " +
      (isSeries ? "Ctrl and wheel: zoom." : "Wheel: zoom.")
    if (this.data.gone) this.panel.querySelector("p").textContent = "The original is no longer here, so its shades stay as they are."
    for (const input of Object.values(this.inputs)) input.parentElement.hidden = !this.hasSource
  }

  // ---- what a person does

  zoomBy(factor, at = null) {
    this.look()
    const before = this.zoom
    this.zoom = clamp(this.zoom * factor, 1, MAX_ZOOM)
    const grown = this.zoom / before
    const area = this.frame.getBoundingClientRect()
    const from = at ? [at.clientX - area.left - area.width / 2, at.clientY - area.top - area.height / 2] : [0, 0]
    // What lies under the pointer stays there.
    this.x = from[0] - (from[0] - this.x) * grown
    this.y = from[1] - (from[1] - this.y) * grown
    this.draw()
  }

  asAtFirst() {
    Object.assign(this, { zoom: 1, x: 0, y: 0, hasOwnWindow: false })
    if (!this.hasSource) return this.draw()
    this.window = [...this.source.window]
    this.shade()
  }

  togglePanel() {
    this.look()
    this.panel.hidden = !this.panel.hidden
    this.buttons.shades.setAttribute("aria-expanded", String(!this.panel.hidden))
    this.draw()
  }

  async toggleFull() {
    this.look()
    if (this.box.classList.contains("full")) {
      if (document.fullscreenElement) await document.exitFullscreen()
      this.setFull(false)
      return
    }
    this.setFull(true)
    this.frame.focus()
    try {
      await this.box.requestFullscreen()
    } catch {
      // Phones without it: the window is filled all the same.
    }
  }

  setFull(isFull) {
    this.box.classList.toggle("full", isFull)
    this.buttons.full.title = isFull ? "Leave full screen (f)" : "Full screen (f)"
    this.describe()
    this.draw()
  }

  act(name) {
    const acts = {
      larger: () => this.zoomBy(STEP),
      smaller: () => this.zoomBy(1 / STEP),
      shades: () => this.togglePanel(),
      reset: () => this.asAtFirst(),
      full: () => this.toggleFull(),
    }
    acts[name]()
  }

  onKey(event) {
    if (event.altKey || event.ctrlKey || event.metaKey) return
    const steps = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1, PageUp: -10, PageDown: 10, Home: -Infinity, End: Infinity }
    const acts = { "+": "larger", "=": "larger", "-": "smaller", 0: "reset", b: "shades", f: "full" }
    if (event.key === "Escape" && this.box.classList.contains("full")) this.toggleFull()
    else if (event.key in acts) this.act(acts[event.key])
    else if (event.key in steps && this.data.count > 1) this.go(this.index + steps[event.key])
    else if (event.key.startsWith("Arrow") && this.zoom > 1) this.pan(event.key)
    else return
    event.preventDefault()
  }

  pan(key) {
    const [x, y] = { ArrowLeft: [40, 0], ArrowRight: [-40, 0], ArrowUp: [0, 40], ArrowDown: [0, -40] }[key]
    this.x += x
    this.y += y
    this.draw()
  }

  onWheel(event) {
    this.look()
    const isSeries = this.data.count > 1
    const isFull = this.box.classList.contains("full")
    if (event.ctrlKey || (!isSeries && (isFull || this.zoom > 1))) {
      event.preventDefault()
      this.zoomBy(event.deltaY < 0 ? STEP : 1 / STEP, event)
      return
    }
    if (!isSeries) return
    this.wheel += event.deltaMode ? event.deltaY * NOTCH_PX : event.deltaY
    const notches = Math.trunc(this.wheel / NOTCH_PX)
    this.wheel -= notches * NOTCH_PX
    const atEnd = event.deltaY < 0 ? this.index === 0 : this.index === this.data.count - 1
    if (notches) this.go(this.index + Math.sign(notches))
    // Beyond the last slice the page itself scrolls on.
    if (!atEnd || isFull) event.preventDefault()
  }

  onMove(event) {
    const before = this.pointers.get(event.pointerId)
    if (!before) return
    const others = [...this.pointers.entries()].filter(([id]) => id !== event.pointerId)
    const moved = [event.clientX - before.clientX, event.clientY - before.clientY]
    this.pointers.set(event.pointerId, { clientX: event.clientX, clientY: event.clientY, isRight: before.isRight })
    if (others.length) {
      const other = others[0][1]
      const distance = (point) => Math.hypot(point.clientX - other.clientX, point.clientY - other.clientY)
      this.zoomBy(distance(event) / Math.max(1, distance(before)), event)
    } else if ((before.isRight || event.shiftKey) && this.hasSource) {
      const { level, width } = this.shades
      const unit = this.source.has_values ? this.values.span / 500 : 0.4
      const sign = this.source.has_values ? 1 : -1
      this.setShades({ level: level + moved[1] * unit * sign, width: width + moved[0] * unit })
    } else if (this.zoom > 1) {
      this.x += moved[0]
      this.y += moved[1]
      this.draw()
    }
  }

  listen() {
    const { frame } = this
    for (const kind of ["pointerenter", "focusin", "touchstart"]) this.box.addEventListener(kind, () => this.look(), { passive: true })
    frame.addEventListener("keydown", (event) => this.onKey(event))
    frame.addEventListener("wheel", (event) => this.onWheel(event), { passive: false })
    frame.addEventListener("dblclick", (event) => (this.zoom > 1 ? this.asAtFirst() : this.zoomBy(2, event)))
    frame.addEventListener("contextmenu", (event) => event.preventDefault())
    frame.addEventListener("pointerdown", (event) => {
      const isRight = event.button === 2
      this.pointers.set(event.pointerId, { clientX: event.clientX, clientY: event.clientY, isRight })
      if (this.zoom > 1 || isRight || event.shiftKey) frame.setPointerCapture(event.pointerId)
    })
    frame.addEventListener("pointermove", (event) => this.onMove(event))
    for (const kind of ["pointerup", "pointercancel", "lostpointercapture"]) {
      frame.addEventListener(kind, (event) => this.pointers.delete(event.pointerId))
    }
    for (const [name, button] of Object.entries(this.buttons)) button.addEventListener("click", () => this.act(name))
    for (const [shade, input] of Object.entries(this.inputs)) {
      input.addEventListener("input", () => this.setShades({ ...this.shades, [shade]: Number(input.value) }))
    }
    this.slices.querySelector("input").addEventListener("input", (event) => this.go(Number(event.target.value) - 1))
    document.addEventListener("fullscreenchange", () => {
      if (!document.fullscreenElement && this.box.classList.contains("full")) this.setFull(false)
    })
  }
}
