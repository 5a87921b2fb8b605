import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Ev } from '../core/events.ts';
import { icsFolder } from '../ics/proforma.ts';
import { parsePeer } from '../link/wire.ts';
import { runPlan } from './run-plan.ts';

/**
 * Runs some OCF cases on the simulated rig and has tshark open every capture: each datagram of the event log is there, decodes as CoAP, and none is malformed.
 * Exit code 0 when that holds, 1 when not, 2 where tshark is missing.
 */
const CASES = ['OCFSWU/READ/01', 'OCFSWU/UPD/01', 'OCFSWU/OBS/01', 'OCFSWU/SCHED/02', 'OCFSWU/UPD/17'];

const say = (line: string): void => void process.stdout.write(`${line}\n`);

interface Frame {
  readonly protocols: string;
  readonly malformed: boolean;
  readonly code: string;
}

function tshark(file: string, ports: readonly number[]): Frame[] {
  const fields = ['frame.protocols', '_ws.malformed', 'coap.code'];
  const decode = ports.flatMap((port) => ['-d', `udp.port==${port},coap`]);
  const args = ['-r', file, ...decode, '-T', 'fields', '-E', 'separator=|', ...fields.flatMap((f) => ['-e', f])];
  const { status, stdout, stderr } = spawnSync('tshark', args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`tshark ended with ${status}: ${stderr}`);
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [protocols = '', malformed = '', code = ''] = line.split('|');
      return { protocols, malformed: malformed !== '', code };
    });
}

/** Everything that one capture lacks, in words. */
function faultsOf(capture: string): string[] {
  const log = readFileSync(join(dirname(capture), 'events.jsonl'), 'utf8')
    .trimEnd()
    .split('\n');
  const sent = log.map((line) => JSON.parse(line) as Ev).filter((e) => e.type === 'datagram');
  const ports = [...new Set(sent.flatMap((e) => parsePeer(e.data?.['peer'])?.port ?? []))];
  const frames = tshark(capture, ports);
  return [
    ...(frames.length === sent.length ? [] : [`${sent.length} datagrams in the log, ${frames.length} in the capture`]),
    ...frames.flatMap((f, i) => (f.malformed ? [`frame ${i + 1} is malformed`] : [])),
    ...frames.flatMap((f, i) =>
      f.protocols.includes('coap') && f.code !== '' ? [] : [`frame ${i + 1} is ${f.protocols}, not CoAP`],
    ),
  ];
}

const folder = mkdtempSync(join(tmpdir(), 'plumbline-capture-'));
try {
  if (spawnSync('tshark', ['--version']).status !== 0) {
    say('tshark is missing: install the Debian package tshark');
    process.exitCode = 2;
  } else {
    const root = join(icsFolder(), '..');
    const { record, dir } = await runPlan({
      ics: join(root, 'ics', 'declarations', 'ocf-plain.yaml'),
      rig: join(root, 'rigs', 'ocf-sim.yaml'),
      cases: CASES,
      out: join(folder, 'reports'),
      state: join(folder, 'state'),
      reports: false,
      allure: false,
    });
    const captures = readdirSync(join(dir, 'private'), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('capture.pcapng'))
      .map((name) => join(dir, 'private', name));
    const wrong = captures.flatMap((file) => faultsOf(file).map((fault) => `${file}: ${fault}`));
    const notPass = record.cases.filter((c) => c.verdict !== 'PASS').map((c) => `${c.id} ended ${c.verdict}`);
    const missing = captures.length < CASES.length ? [`${captures.length} captures of ${CASES.length} cases`] : [];
    const faults = [...notPass, ...missing, ...wrong];
    for (const fault of faults) say(fault);
    say(`${captures.length} captures opened by tshark, ${faults.length} faults`);
    if (faults.length > 0) process.exitCode = 1;
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
