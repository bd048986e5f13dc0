// Puts a text on the clipboard. Pages without https have no clipboard, and there the older command works.
export default function ({ data, parentElement }) {
  const said = parentElement.querySelector("[role=status]")
  const button = parentElement.querySelector("button")
  button.ariaLabel = data.label
  button.onclick = async () => {
    const isDone = await copy(data.text)
    said.textContent = isDone ? "Copied." : "Your browser refuses to copy."
    setTimeout(() => (said.textContent = ""), 3000)
  }
}

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text)
    return true
  } catch {
    const box = document.createElement("textarea")
    box.value = text
    document.body.append(box)
    box.select()
    const isDone = document.execCommand("copy")
    box.remove()
    return isDone
  }
}
