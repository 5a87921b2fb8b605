import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse, stringify } from 'yaml';
import { freeUdpPort } from '../../core/testing/ports.ts';
import { icsFolder } from '../../ics/proforma.ts';
import { runPlan } from '../../run/run-plan.ts';

/**
 * Runs LwM2M cases on a client whose stack is the npm package coap-node, in real time. What it does as the standard says must PASS; where the library is known to
 * deviate, the case must FAIL by the statement named here. Exit code 1 where a verdict is another one.
 */
const DEVICE = fileURLToPath(new URL('coapNodeDevice.js', import.meta.url));

/** Cases in runs of their own, each with the statement that a FAIL must name, null for PASS. */
const RUNS: readonly Readonly<Record<string, string | null>>[] = [
  Object.fromEntries(
    `REG/01 REG/02 REG/03 REG/04 REG/05 REG/06 REG/08 REG/09 REG/13 DLU/01 DLU/03 DLU/04 DLU/05 DLU/07 INS/01 INS/02 INS/05 INS/08
     UNI/01 ACT/01 ACT/02 DEA/01 DEA/02 REP/01`
      .split(/\s+/)
      .map((id) => [`SWMGMT/${id}`, null]),
  ),
  // A Read of the instance gives the resources that cannot be read, with a text instead of the value.
  { 'SWMGMT/REG/10': 'SWMGMT-CORE.instance-read' },
  // The library lets a server write resources that only the device may set, and what was written stays.
  { 'SWMGMT/REG/07': 'SWMGMT-9.no-write' },
];

/** What the device declares beside the example: version 1.0 of the enabler, pull over coap, one instance, none of the optional resources. */
const SUPPORTED = ['1/1', '9/7'];
const NOT_SUPPORTED =
  '1/2 1/10 1/11 2/3 2/4 2/5 2/6 3/3 3/9 3/18 3/19 4/1 4/7 4/8 7/2 8/1 8/4 8/5 8/7 8/8 8/9 9/2 9/3 9/4 9/5'.split(' ');

interface Declaration {
  ics: { SWMGMT: Record<string, boolean> };
  ixit: { SWMGMT: Record<string, unknown> };
}

function declaration(folder: string): string {
  const example = join(icsFolder(), 'declarations', 'lwm2m-client.yaml');
  const declared = parse(readFileSync(example, 'utf8')) as Declaration;
  const items = declared.ics.SWMGMT;
  for (const item of Object.keys(items)) if (item.startsWith('10/')) delete items[item];
  for (const item of SUPPORTED) items[item] = true;
  for (const item of NOT_SUPPORTED) items[item] = false;
  const values = declared.ixit.SWMGMT;
  values['instances'] = '0';
  for (const [name, value] of Object.entries(values))
    if (typeof value === 'string' && value.startsWith('file:'))
      values[name] = `file:${join(dirname(example), value.slice('file:'.length))}`;
  const file = join(folder, 'declaration.yaml');
  writeFileSync(file, stringify(declared));
  return file;
}

async function rig(folder: string): Promise<string> {
  const server = `127.0.0.1:${await freeUdpPort()}`;
  const command = [process.execPath, DEVICE, '--endpoint', 'coap-node', '--server', server];
  const file = join(folder, 'rig.yaml');
  const entries = { listen: `coap://${server}`, endpoint: 'coap-node' };
  writeFileSync(
    file,
    stringify({ rig: 'coap-node', resources: { device: { kind: 'process', command } }, iut: { SWMGMT: entries } }),
  );
  return file;
}

/** Runs the cases and gives how many ended otherwise than expected. */
async function check(expected: Readonly<Record<string, string | null>>, folder: string): Promise<number> {
  mkdirSync(folder);
  const { record } = await runPlan({
    ics: declaration(folder),
    rig: await rig(folder),
    out: join(folder, 'reports'),
    state: join(folder, 'state'),
    cases: Object.keys(expected),
    reports: false,
  });
  let wrong = 0;
  for (const [id, statement] of Object.entries(expected)) {
    const found = record.cases.find((c) => c.id === id);
    const reason = found?.reason ?? undefined;
    const by = reason !== undefined && 'statement' in reason ? reason.statement : undefined;
    const good = statement === null ? found?.verdict === 'PASS' : found?.verdict === 'FAIL' && by === statement;
    if (!good) wrong++;
    const why = reason === undefined ? '' : `  ${by ?? ''}  ${reason.message}`;
    const seconds = ((found?.durationMs ?? 0) / 1000).toFixed(1);
    const verdict = found?.verdict ?? 'not in the run';
    process.stdout.write(`${good ? 'good ' : 'WRONG'}  ${id}  ${verdict}  ${seconds} s${why}\n`);
  }
  return wrong;
}

async function main(): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'plumbline-coap-node-'));
  try {
    let wrong = 0;
    for (const [i, expected] of RUNS.entries()) wrong += await check(expected, join(folder, String(i)));
    const count = RUNS.reduce((sum, expected) => sum + Object.keys(expected).length, 0);
    process.stdout.write(`${count} cases, ${wrong} verdicts wrong\n`);
    return wrong === 0 ? 0 : 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

process.exitCode = await main();
