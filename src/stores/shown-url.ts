/** A URL, or what was meant to be one, as an error text may show it: without what may be a password. */
export function shownUrl(url: string): string {
  // Greedy, since a password that was not encoded may hold any sign.
  return url
    .replace(/^([\w+.-]*(?::\/{0,3}|\/\/)).*@/s, '$1…@')
    .replaceAll(/([?&][^=&]*(?:pass|secret|token)[^=&]*=)[^&]*/gi, '$1…')
}
