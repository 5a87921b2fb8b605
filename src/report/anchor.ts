/** Fragment of an item's row on the conformance page. */
export function itemAnchor(item: string): string {
  return `item-${item.replaceAll(/[^A-Za-z0-9]+/g, '-')}`;
}

/** Fragment of a case's card on the conformance page. */
export function caseAnchor(id: string): string {
  return `case-${id.replaceAll(/[^A-Za-z0-9]+/g, '-')}`;
}
