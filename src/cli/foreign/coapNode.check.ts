import { createSocket } from 'node:dgram';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse, stringify } from 'yaml';
import { icsFolder } from '../../ics/proforma.ts';
import { runPlan } from '../../run/run-plan.ts';

/**
 * Runs LwM2M cases on a client whose stack is the npm package coap-node, in real time. What it does as the standard says must PASS; where the library is known to
 * deviate, the case must FAIL by the statement named here. Exit code 1 where a verdict is another one.
 */
const DEVICE = fileURLToPath(new URL('coapNodeDevice.js', import.meta.url));

/** Cases by verdict: the statement that a FAIL must name, null for PASS. */
const EXPECTED: Readonly<Record<string, string | null>> = {
  'SWMGMT/REG/01': null,
  'SWMGMT/REG/02': null,
  'SWMGMT/REG/03': null,
  'SWMGMT/REG/04': null,
  'SWMGMT/REG/05': null,
  'SWMGMT/REG/06': null,
  // Resource 7 can be written.
  'SWMGMT/REG/07': 'SWMGMT-9.no-write',
  'SWMGMT/REG/08': null,
  'SWMGMT/REG/09': null,
  // A Boolean goes into TLV as the digit that names it.
  'SWMGMT/REG/10': 'SWMGMT-CORE.instance-read',
  'SWMGMT/REG/13': null,
  'SWMGMT/DLU/01': null,
  'SWMGMT/DLU/03': null,
  'SWMGMT/DLU/04': null,
  'SWMGMT/DLU/05': null,
  'SWMGMT/DLU/07': null,
  'SWMGMT/INS/01': null,
  'SWMGMT/INS/02': null,
  'SWMGMT/INS/05': null,
  'SWMGMT/INS/08': null,
  'SWMGMT/UNI/01': null,
  'SWMGMT/UNI/04': null,
  'SWMGMT/ACT/01': null,
  'SWMGMT/ACT/02': null,
  'SWMGMT/ACT/03': null,
  'SWMGMT/DEA/01': null,
  'SWMGMT/DEA/02': null,
  'SWMGMT/DEA/03': null,
  'SWMGMT/REP/01': null,
  'SWMGMT/REP/02': null,
  'SWMGMT/REP/03': null,
};

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

async function freePort(): Promise<number> {
  const socket = createSocket('udp4');
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  const { port } = socket.address();
  await new Promise<void>((resolve) => socket.close(resolve));
  return port;
}

async function rig(folder: string): Promise<string> {
  const server = `127.0.0.1:${await freePort()}`;
  const command = [process.execPath, DEVICE, '--endpoint', 'coap-node', '--server', server];
  const file = join(folder, 'rig.yaml');
  const entries = { listen: `coap://${server}`, endpoint: 'coap-node' };
  writeFileSync(
    file,
    stringify({ rig: 'coap-node', resources: { device: { kind: 'process', command } }, iut: { SWMGMT: entries } }),
  );
  return file;
}

async function main(): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'plumbline-coap-node-'));
  try {
    const { record } = await runPlan({
      ics: declaration(folder),
      rig: await rig(folder),
      out: join(folder, 'reports'),
      state: join(folder, 'state'),
      cases: Object.keys(EXPECTED),
      reports: false,
    });
    let wrong = 0;
    for (const [id, statement] of Object.entries(EXPECTED)) {
      const found = record.cases.find((c) => c.id === id);
      const reason = found?.reason ?? undefined;
      const by = reason !== undefined && 'statement' in reason ? reason.statement : undefined;
      const good = statement === null ? found?.verdict === 'PASS' : found?.verdict === 'FAIL' && by === statement;
      if (!good) wrong++;
      const why = reason === undefined ? '' : `  ${by ?? ''}  ${reason.message}`;
      const seconds = ((found?.durationMs ?? 0) / 1000).toFixed(1);
      process.stdout.write(
        `${good ? 'good ' : 'WRONG'}  ${id}  ${found?.verdict ?? 'not in the run'}  ${seconds} s${why}\n`,
      );
    }
    process.stdout.write(`${Object.keys(EXPECTED).length} cases, ${wrong} verdicts wrong\n`);
    return wrong === 0 ? 0 : 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

process.exitCode = await main();
