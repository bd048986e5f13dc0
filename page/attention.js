// Says to screen readers what has changed, brings the newest answer into view, and asks before answers are lost.
export default function ({ data, parentElement }) {
  const said = parentElement.querySelector("[role=status]")
  if (said.textContent !== data.said) said.textContent = data.said
  window.onbeforeunload = data.has_answers ? (event) => event.preventDefault() : null
  if (data.target && window.brainTumorMoves !== data.moves) {
    window.brainTumorMoves = data.moves
    goTo(data.target)
  }
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
