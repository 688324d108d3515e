// What this browser chose, told to the server so that the first paint is already right.

const YEAR_SECONDS = 31_536_000;

export function remember(name, value) {
  const secure = location.protocol === "https:" ? "; secure" : "";
  const age = value ? YEAR_SECONDS : 0;
  document.cookie = `${name}=${value}; path=/; max-age=${age}; samesite=lax${secure}`;
}
