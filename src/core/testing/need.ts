/**
 * Gives what a test needs of this computer beside Node: a program, a device, a network. Where it is missing the test is skipped with a line that names it,
 * or fails if PLUMBLINE_REQUIRE_TOOLS=1, as on a build server that has everything.
 */
export function needTool<T>(context: Mocha.Context, what: string, found: T | undefined): T {
  if (found !== undefined) return found;
  if (process.env['PLUMBLINE_REQUIRE_TOOLS'] === '1') throw new Error(`${what} is required here and missing`);
  process.stderr.write(`      skipped: ${what} is missing\n`);
  return context.skip();
}
