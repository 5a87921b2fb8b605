import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { memorySink, rawOf } from '../core/events.ts';
import { decodeAccess } from './codec/access.ts';
import { SEGMENT_OCTETS } from './codec/lowerTransport.ts';
import { configurationMessages } from './codec/messages/configuration.ts';
import { hexNumber } from '../core/layout/names.ts';
import { bearerPair } from './stack/bearerPair.ts';
import { KeyRing } from './stack/keyRing.ts';
import { MeshStack, type SendOptions } from './stack/meshStack.ts';
import { testerSarTiming } from './stack/sarTiming.ts';
import { memoryStore } from './stack/stateStore.ts';
import { realTimers } from './stack/timers.ts';
import { hex, loadVectors } from './vectors/load.ts';

/**
 * Has tshark decode what the stack sends: every message of the codec, unsegmented where it fits and segmented, under
 * application and device key, to unicast, group and virtual addresses. Exit code 0 when no frame is malformed, every frame
 * decrypts, and opcode and octets of every message agree.
 */
const NET_KEY = '7dd7364cd842ad18c17c2b820c84c3d6';
const APP_KEY = '63964771734fbd76e3b40519d1d94a48';
const DEV_KEY = '9d6dd0e96eb25dc19a40ed9914f8f03f';
const LABEL = '0073e7e4d8b9440faf8415df4c56c0e1';
const IV_INDEX = 0x12345678;
const TESTER = 0x0001;
const NODE = 0x0201;
const GROUP = 0xc000;

/** The columns that are asked of tshark. */
const FIELDS = {
  malformed: '_ws.malformed',
  source: 'btmesh.src',
  access: 'btmesh.access.decrypted',
  opcode: 'btmesh.model.opcode',
  control: 'btmesh.cntr.opcode',
  encrypted: 'btmesh.encrypted',
} as const;
type Row = Record<keyof typeof FIELDS, string>;

const sink = memorySink();

function stackAt(element: number, own: boolean): MeshStack {
  const keys = new KeyRing(hex(NET_KEY));
  keys.addAppKey(0, hex(APP_KEY));
  keys.addNode(NODE, 1, hex(DEV_KEY));
  const stack = new MeshStack({
    keys,
    elements: [element],
    store: memoryStore(),
    iv: { ivIndex: IV_INDEX, updating: false },
    sink: own ? sink : memorySink(),
    timers: realTimers,
    sar: { ...testerSarTiming, multicastTries: 1 },
    defaultTtl: 5,
    proxyReassemblyMs: 20_000,
  });
  return stack;
}

/** Sends every vector in every way; the event log of the sending side has all network PDUs in both directions. */
async function talk(): Promise<void> {
  const [tester, node] = [stackAt(TESTER, true), stackAt(NODE, false)];
  const [left, right] = bearerPair(66);
  tester.attach(left);
  node.attach(right);
  node.subscribe(GROUP);
  const { messages } = loadVectors('access') as { messages: { pdu: string }[] };
  const underDeviceKey = new Set(configurationMessages.map((type) => type.opcode));
  for (const { pdu } of messages) {
    const access = hex(pdu);
    const key = underDeviceKey.has(decodeAccess(access).opcode) ? { dev: NODE } : { app: 0 };
    const ways: SendOptions[] = [
      { to: NODE, key },
      { to: NODE, key, segmented: true },
    ];
    // tshark 4.0 takes a 32-bit check for granted where a message has a single segment.
    if (access.length + 8 > SEGMENT_OCTETS.access) ways.push({ to: NODE, key, longMic: true });
    if ('app' in key) ways.push({ to: GROUP, key }, { to: hex(LABEL), key });
    for (const options of ways) await tester.sendAccess(access, options);
    await node.sendAccess(access, { to: TESTER, key });
  }
}

/** What tshark should say of each frame of the log, in order: nothing of the access layer before a message is complete. */
function expectations(): { octets: Buffer; access?: string }[] {
  const network = sink.events.filter((event) => event.type === 'mesh.network');
  const completed = new Map<number, string>();
  for (const event of sink.events) {
    if (event.type !== 'mesh.access') continue;
    const carrier = event.dir === 'in' ? event.via : network.findLast((candidate) => candidate.via === event.n)?.n;
    if (carrier !== undefined && event.raw !== undefined) completed.set(carrier, event.raw);
  }
  return network.map((event) => {
    const access = completed.get(event.n);
    return { octets: rawOf(event), ...(access !== undefined && { access }) };
  });
}

/** A capture of HCI H4 packets: each PDU in an LE advertising report with one AD structure of type 2A. */
function capture(pdus: readonly Buffer[]): Buffer {
  const header = Buffer.alloc(24);
  header.writeUInt32LE(0xa1b2c3d4, 0);
  header.writeUInt16LE(2, 4);
  header.writeUInt16LE(4, 6);
  header.writeUInt32LE(0x10000, 16);
  header.writeUInt32LE(201, 20);
  const packets = pdus.map((pdu, i) => {
    const ad = Buffer.concat([Buffer.of(pdu.length + 1, 0x2a), pdu]);
    const report = Buffer.concat([
      Buffer.from('020103010000000000c0', 'hex'),
      Buffer.of(ad.length),
      ad,
      Buffer.of(0xc0),
    ]);
    const h4 = Buffer.concat([Buffer.from('00000001', 'hex'), Buffer.of(4, 0x3e, report.length), report]);
    const record = Buffer.alloc(16);
    record.writeUInt32LE(i, 0);
    record.writeUInt32LE(h4.length, 8);
    record.writeUInt32LE(h4.length, 12);
    return Buffer.concat([record, h4]);
  });
  return Buffer.concat([header, ...packets]);
}

/** Two passes: in one, tshark 4 shows no reassembled message. */
function dissect(path: string): Row[] {
  const iv = hexNumber(IV_INDEX, 8);
  const tables = [
    `uat:btmesh_nw_keys:"0x${NET_KEY}","0x${APP_KEY}","${iv}"`,
    `uat:btmesh_dev_keys:"0x${DEV_KEY}","${hexNumber(NODE, 4)}"`,
    `uat:btmesh_dev_keys:"0x${DEV_KEY}","${hexNumber(TESTER, 4)}"`,
    `uat:btmesh_label_uuids:"0x${LABEL}"`,
  ];
  const args = ['-2', '-r', path, '-T', 'fields', '-E', 'separator=;', '-E', 'occurrence=f'];
  for (const table of tables) args.push('-o', table);
  for (const field of Object.values(FIELDS)) args.push('-e', field);
  const out = execFileSync('tshark', args, { encoding: 'utf8', maxBuffer: 1 << 26, stdio: ['ignore', 'pipe', 'pipe'] });
  const names = Object.keys(FIELDS) as (keyof typeof FIELDS)[];
  return out
    .trimEnd()
    .split('\n')
    .map((line) => {
      const cells = line.split(';');
      return Object.fromEntries(names.map((name, i) => [name, cells[i] ?? ''])) as Row;
    });
}

/** Whether tshark can be run. Without it the check is skipped, or fails where PLUMBLINE_REQUIRE_TOOLS=1 demands it. */
function haveTshark(): boolean {
  if (spawnSync('tshark', ['--version'], { stdio: 'ignore' }).error === undefined) return true;
  process.stdout.write('SKIPPED: tshark is not installed, nothing was checked\n');
  if (process.env['PLUMBLINE_REQUIRE_TOOLS'] === '1') process.exitCode = 1;
  return false;
}

async function check(): Promise<void> {
  const problems: string[] = [];
  let messages = 0;
  await talk();
  const expected = expectations();
  const folder = mkdtempSync(join(tmpdir(), 'plumbline-tshark-'));
  let rows: Row[];
  try {
    const path = join(folder, 'mesh.pcap');
    writeFileSync(path, capture(expected.map(({ octets }) => octets)));
    rows = dissect(path);
  } finally {
    rmSync(folder, { recursive: true });
  }
  if (rows.length !== expected.length) problems.push(`${expected.length} frames written, ${rows.length} read`);
  for (const [i, { octets, access }] of expected.entries()) {
    const row = rows[i];
    const where = `frame ${i + 1} [${octets.toString('hex')}]`;
    if (row === undefined) continue;
    if (row.malformed !== '') problems.push(`${where}: malformed`);
    if (row.source === '') problems.push(`${where}: tshark cannot decrypt it`);
    if (access === undefined) continue;
    messages++;
    const { opcode } = decodeAccess(hex(access));
    if (row.access.replaceAll(':', '') !== access)
      problems.push(`${where}: access PDU ${access}, tshark has ${row.access}`);
    if (row.opcode === '' || Number(row.opcode) !== opcode)
      problems.push(`${where}: opcode ${hexNumber(opcode, 4)}, tshark has ${row.opcode}`);
  }
  const acknowledged = rows.filter((row) => Number(row.control || Number.NaN) === 0).length;
  process.stdout.write(
    `${expected.length} network PDUs, ${messages} messages, ${acknowledged} acknowledgments decoded by tshark\n`,
  );
  for (const problem of problems.slice(0, 20)) process.stdout.write(`${problem}\n`);
  if (problems.length > 0 || messages === 0) process.exitCode = 1;
}

if (haveTshark()) await check();
