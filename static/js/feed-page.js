// The feed's page asked for once more, by who hears of nothing new.

/** Return the text of a page; throw if it cannot be read or another one came. */
export async function readText(address, ask = fetch) {
  const answer = await ask(address, { headers: { Accept: "text/html" } });
  // Whoever is signed out is led to another page.
  if (!answer.ok || answer.redirected) throw new Error(`${address}: ${answer.status}`);
  return answer.text();
}
