// What a person set is in the address.
export function remember(query) {
  history.replaceState(null, '', `${location.pathname}${query ? `?${query}` : ''}${location.hash}`);
}
