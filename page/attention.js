// Says to screen readers what has changed, brings the newest answer into view, and asks before answers are lost.
export default function ({ data, parentElement }) {
  const said = parentElement.querySelector("[role=status]")
  if (said.textContent !== data.said) said.textContent = data.said
  window.onbeforeunload = data.has_answers ? (event) => event.preventDefault() : null
  if (!data.target || window.brainTumorMoves === data.moves) return
  window.brainTumorMoves = data.moves
  let tries = 0
  const go = () => {
    const place = document.querySelector(`.st-key-${data.target}`)
    if (!place) {
      if (++tries < 40) setTimeout(go, 50)
      return
    }
    place.tabIndex = -1
    place.focus({ preventScroll: true })
    const { top } = place.getBoundingClientRect()
    if (top < 0 || top > window.innerHeight / 2) place.scrollIntoView({ block: "start" })
  }
  go()
}
