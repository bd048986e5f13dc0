// Says to screen readers what has changed, brings the newest answer into view, asks before answers are lost, and tells
// how many files have arrived: Streamlit says so only once all are there.
const LOOK_MS = 250
// To ask again ends what the page is doing; it has drawn itself by then, or never will.
const PATIENCE_MS = 5000
// A connection that broke has lost the news of the files that arrived meanwhile. So often the page asks again.
const TRIES = 3

let timer
let arrivedBefore = 0
let reported = 0
let patientUntil = 0
let tries = 0
let quietUntil = 0

function watchUploads({ data, parentElement, setTriggerValue }) {
  const line = parentElement.querySelector(".sending")
  const askAgain = (waiting, sent) => {
    if (sent === data.taken) tries = 0
    if (waiting || data.is_working || sent === data.taken) quietUntil = performance.now() + PATIENCE_MS
    if (performance.now() < quietUntil || tries >= TRIES) return
    tries += 1
    quietUntil = performance.now() + PATIENCE_MS
    setTriggerValue("arrived", -tries)
  }
  const look = () => {
    const drop = document.querySelector(".st-key-drop")
    const waiting = drop?.querySelectorAll("[data-testid=stFileChipIconSpinner]").length ?? 0
    const all = drop?.querySelectorAll("[data-testid=stFileChip]").length ?? 0
    if (!waiting) arrivedBefore = reported = all
    const arrived = all - waiting - arrivedBefore
    const text = waiting ? `Sending: ${arrived} of ${all - arrivedBefore} files have arrived.` : ""
    if (line.textContent !== text) line.textContent = text
    askAgain(waiting, drop?.querySelectorAll("[data-testid=stFileChip]:not([aria-invalid])").length ?? 0)
    if (!waiting || data.is_working || all - waiting <= reported || performance.now() < patientUntil) return
    reported = all - waiting
    patientUntil = performance.now() + PATIENCE_MS
    setTriggerValue("arrived", reported)
  }
  if (data.is_working) patientUntil = 0
  clearInterval(timer)
  timer = setInterval(look, LOOK_MS)
  return () => clearInterval(timer)
}

export default function (component) {
  const { data, parentElement } = component
  const said = parentElement.querySelector("[role=status]")
  if (said.textContent !== data.said) said.textContent = data.said
  window.onbeforeunload = data.has_answers ? (event) => event.preventDefault() : null
  const stop = watchUploads(component)
  if (data.target && window.brainTumorMoves !== data.moves) {
    window.brainTumorMoves = data.moves
    goTo(data.target)
  }
  return stop
}

function goTo(target, tries = 0) {
  const place = document.querySelector(`.st-key-${target}`)
  if (!place) {
    if (tries < 40) setTimeout(goTo, 50, target, tries + 1)
    return
  }
  place.tabIndex = -1
  place.focus({ preventScroll: true })
  const { top } = place.getBoundingClientRect()
  if (top < 0 || top > window.innerHeight / 2) place.scrollIntoView({ block: "start" })
}
