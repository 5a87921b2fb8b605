/** A fault breaks the purpose of one or more cases: their statements, and the cases that must show it. */
export function breaks(
  side: 'CLI' | 'SRV',
  ...purposes: readonly string[]
): { violates: string[]; caughtBy: string[] } {
  return {
    violates: purposes.map((number) => `ZBOTA-${side}.${number}`),
    caughtBy: purposes.map((number) => `ZBOTA/${side}/${number}`),
  };
}

/** A fault after which the device answers nothing any more. */
export function silences(
  side: 'CLI' | 'SRV',
  ...purposes: readonly string[]
): { violates: string[]; caughtBy: string[] } {
  const { violates, caughtBy } = breaks(side, ...purposes);
  return { violates: [...violates, 'ZBOTA-GEN.answers'], caughtBy };
}
