// Says how many files have arrived, and has the page take them: Streamlit tells it only once all are there. Of many
// pictures the first few are sent before the rest, as a browser draws the list of hundreds for seconds. Refused files are
// listed with their reason.
const LOOK_MS = 250
// To ask again ends what the page is doing; it has drawn itself by then, or never will.
const PATIENCE_MS = 5000
// A connection that broke has lost the news of the files that arrived meanwhile. So often the page asks again.
const TRIES = 3
const MANY = 24
const FIRST = 8 // more than have a card each, so that the overview is drawn from the beginning
// The rest waits for an answer of the first ones, but not for other visitors.
const REST_WAITS_MS = 3000
// The rest is listed once the server says where to send it, for which a busy one takes its time.
const LISTED_MS = 60000
const PICTURE = /^[^.].*\.(jpe?g|png|bmp|gif|webp)$/i

let component
let timer
let arrivedBefore = 0
let reported = 0
let patientUntil = 0
let tries = 0
let quietUntil = 0
let parts = null // of a batch that is sent in two parts

// Addresses of uploads that have arrived: they go on when one leaves the page, and nothing on the page lists them then.
const ended = new Set()
new PerformanceObserver((list) => {
  for (const { name, responseStatus } of list.getEntries()) {
    if (!name.includes("/upload_file/") || responseStatus >= 400 || ended.has(name)) continue
    ended.add(name)
    tries = 0
    quietUntil = performance.now() + PATIENCE_MS
  }
}).observe({ type: "resource" })

export default function (drawn) {
  component = drawn
  if (drawn.data.is_working) patientUntil = 0
  clearInterval(timer)
  timer = setInterval(look, LOOK_MS)
  window.addEventListener("change", chosen, true)
  window.addEventListener("drop", dropped, true)
  return () => {
    clearInterval(timer)
    window.removeEventListener("change", chosen, true)
    window.removeEventListener("drop", dropped, true)
  }
}

function look() {
  const { data, parentElement, setTriggerValue } = component
  const drop = document.querySelector(".st-key-drop")
  const waiting = drop?.querySelectorAll("[data-testid=stFileChipIconSpinner]").length ?? 0
  const all = drop?.querySelectorAll("[data-testid=stFileChip]").length ?? 0
  const sent = countSent()
  listRefused(parentElement.querySelector(".refused"), data.refusals)
  const held = parts ? parts.rest.length || Math.max(0, parts.total - all) : 0
  if (!waiting && !parts) arrivedBefore = reported = all
  const text =
    waiting || held
      ? `Sending: ${all - waiting - arrivedBefore} of ${all - arrivedBefore + held} files have arrived.`
      : ""
  const line = parentElement.querySelector(".sending")
  if (line.textContent !== text) line.textContent = text
  goOn(waiting, all, sent)
  askAgain(waiting)
  if (!waiting || data.is_working || all - waiting <= reported || performance.now() < patientUntil) return
  reported = all - waiting
  patientUntil = performance.now() + PATIENCE_MS
  setTriggerValue("arrived", reported)
}

const countSent = () => document.querySelectorAll(".st-key-drop [data-testid=stFileChip]:not([aria-invalid])").length
const findRefused = () => [...document.querySelectorAll(".st-key-drop [data-testid=stFileChip][aria-invalid]")]

// Streamlit's own marks of these files stand between the buttons, where a window may have no room for them.
function listRefused(list, refusals) {
  const lines = findRefused().map((mark) => {
    const name = mark.querySelector("[data-testid=stFileChipName]")?.title
    const reason = mark.querySelector("[role=alert]")?.textContent ?? ""
    const known = Object.keys(refusals).find((said) => reason.includes(said))
    return `${name}: ${known ? refusals[known] : reason.replace(/^Error: /, "")}`
  })
  if (list.dataset.shown === lines.join("\n")) return
  list.dataset.shown = lines.join("\n")
  const heading = Object.assign(document.createElement("strong"), { textContent: "Not everything was taken:" })
  const entries = lines.map((line) => Object.assign(document.createElement("p"), { textContent: line }))
  const dismiss = Object.assign(document.createElement("button"), { type: "button", textContent: "Dismiss" })
  dismiss.onclick = () => findRefused().forEach((mark) => mark.querySelector("button").click())
  list.replaceChildren(...(lines.length ? [heading, ...entries, dismiss] : []))
}

function askAgain(waiting) {
  const { data, setTriggerValue } = component
  const arrived = [...ended].filter((name) => name.includes(`/${data.uploaders}.`)).length
  const isTold = arrived <= data.taken && !data.is_receiving
  if (isTold) tries = 0
  if (waiting || parts || data.is_working || isTold) quietUntil = performance.now() + PATIENCE_MS
  if (performance.now() < quietUntil || tries >= TRIES) return
  tries += 1
  quietUntil = performance.now() + PATIENCE_MS
  setTriggerValue("all_arrived", tries)
}

function chosen(event) {
  const input = event.target
  if (event.isOfParts || !input.matches?.(".st-key-drop input[type=file]")) return
  const files = [...input.files]
  // A browser lists a folder in no order.
  if (input.webkitdirectory) files.sort((one, other) => (one.webkitRelativePath < other.webkitRelativePath ? -1 : 1))
  takeOver(event, input, files)
}

function dropped(event) {
  const zone = event.target.closest?.(".st-key-drop [data-testid=stFileUploaderDropzone]")
  const input = zone?.querySelector("input[type=file]:not([webkitdirectory])")
  if (input && ![...event.dataTransfer.items].some((item) => item.webkitGetAsEntry?.()?.isDirectory))
    takeOver(event, input, [...event.dataTransfer.files])
}

function takeOver(event, input, files) {
  const isHeld = parts?.rest.length && parts.input === input
  const first = files.filter((file) => PICTURE.test(file.name)).slice(0, FIRST)
  if (!isHeld && (parts || files.length < MANY || first.length < FIRST)) return
  event.preventDefault() // a browser would open what is dropped
  event.stopImmediatePropagation()
  if (isHeld) {
    parts.rest.push(...files)
    return
  }
  const rest = files.filter((file) => !first.includes(file))
  const widget = [...input.closest("[class*=st-key-]").classList].find((name) => name.startsWith("st-key-"))
  parts = { input, widget, rest, id: Date.now(), until: performance.now() + REST_WAITS_MS }
  // After a look at another page the uploader lists nothing of what the server has taken from it before.
  parts.unlisted = Math.max(0, component.data.taken - countSent())
  component.setStateValue("batch", parts.id)
  give(input, first)
}

// Send the rest after the first answer; once the page has taken it, the batch is whole.
function goOn(waiting, all, sent) {
  if (!parts) return
  const { data, setStateValue } = component
  if (parts.rest.length && !parts.input.isConnected) {
    // It goes on after a look at another page, as a batch of its own. After "Clear all" the uploader is another one.
    const input = document.querySelector(`.${parts.widget} input[type=file]`)
    if (input) give(input, parts.rest)
    parts.rest = []
  }
  const isOver = !parts.input.isConnected
  const isTaken = data.taken - sent >= parts.unlisted
  if (parts.rest.length) {
    if (data.answered_batch !== parts.id && performance.now() < parts.until) return
    parts.total = all + parts.rest.length
    parts.until = performance.now() + LISTED_MS
    give(parts.input, parts.rest)
    parts.rest = []
  } else if (isOver || (!waiting && isTaken && (all >= parts.total || performance.now() > parts.until))) {
    parts = null
    setStateValue("batch", 0)
  }
}

function give(input, files) {
  const transfer = new DataTransfer()
  for (const file of files) transfer.items.add(file)
  input.files = transfer.files
  input.dispatchEvent(Object.assign(new Event("change", { bubbles: true }), { isOfParts: true }))
}
