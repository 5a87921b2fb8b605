import { readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { type Command, Option } from 'commander';
import { InputError, messageOf } from '../core/errors.ts';
import { printFields } from '../core/layout/layout.ts';
import { hexNumber } from '../core/layout/names.ts';
import { didYouMean } from '../core/nearest.ts';
import { BREAK_KINDS, breakImage, OVERSIZE_OCTETS } from '../zigbee/file/break.ts';
import { elementTag, HEADER_STRING_OCTETS, headerLayout } from '../zigbee/file/header.ts';
import { COVERAGES, type Coverage } from '../zigbee/file/integrity.ts';
import { dummyData, makeImage } from '../zigbee/file/make.ts';
import { type ImageFile, readImage, tagName } from '../zigbee/file/read.ts';
import { say, sayJson, table } from './text.ts';

/** One element to be written, from a file or made up. */
interface Element {
  readonly tag: number;
  readonly data: Buffer;
}

/** The options of `make` as commander hands them over, numbers already read. */
interface MakeWords {
  readonly out: string;
  readonly version: number;
  readonly manufacturer: number;
  readonly type: number;
  readonly stack: number;
  readonly headerString: string;
  readonly tag: number;
  readonly credentials?: number;
  readonly destination?: string;
  readonly hardware?: readonly [number, number];
  readonly integrity?: Coverage;
}

/** `plumbline image inspect | make | extract | break`: files of the Zigbee OTA Upgrade cluster. */
export function register(program: Command): void {
  const image = program.command('image').description('OTA files of the Zigbee OTA Upgrade cluster');
  image
    .command('inspect')
    .description('what a file says and holds, and what is odd about it')
    .argument('<file>')
    .option('--json', 'the same as JSON')
    .action((file: string, { json }: { json?: true }) => inspect(file, json === true));
  registerMake(image);
  image
    .command('extract')
    .description('write one element of a file, or the image without its wrapper')
    .argument('<file>')
    .requiredOption('--out <file>', 'where to write it')
    .option('--tag <tag>', 'tag of the element', upTo(0xffff), elementTag.UPGRADE_IMAGE)
    .option('--number <n>', 'which one, from 1, where several have the tag', upTo(0xffff))
    .option('--image', 'the whole image without what is around it')
    .action((file: string, words: { out: string; tag: number; number?: number; image?: true }) => {
      const found = readImage(input(file), file);
      output(words.out, words.image === true ? found.image : chosen(found, words.tag, words.number, file), [file]);
    });
  image
    .command('break')
    .description('spoil a file in one way')
    .argument('[kind]')
    .argument('[file]')
    .option('--out <file>', 'where to write it')
    .option('--size <octets>', 'upgrade image of an oversized file', upTo(2 ** 30), OVERSIZE_OCTETS)
    .option('--kinds', 'list the kinds and end')
    .option('--json', 'the list as JSON')
    .action(spoil);
}

/** `--element` and `--dummy` share one list, because a file keeps the order of the command line. */
function registerMake(image: Command): void {
  const elements: Element[] = [];
  const sources: string[] = [];
  image
    .command('make')
    .description('make a file from a binary; numbers are decimal, or hex behind 0x')
    .argument('[binary]', 'data of the first element')
    .requiredOption('--out <file>', 'where to write it')
    .requiredOption('--version <n>', 'file version', upTo(0xffffffff))
    .requiredOption('--manufacturer <n>', 'manufacturer code', upTo(0xffff))
    .requiredOption('--type <n>', 'image type', upTo(0xffff))
    .option('--stack <n>', 'Zigbee stack version', upTo(0xffff), 2)
    .option('--header-string <text>', `up to ${HEADER_STRING_OCTETS} characters`, headerString, '')
    .option('--credentials <n>', 'security credential version', upTo(0xff))
    .option('--destination <eui64>', 'the one device that the file is for, 16 hex digits, colons allowed', eui64)
    .option('--hardware <min-max>', 'range of hardware versions', range)
    .option('--tag <tag>', 'tag of the binary', upTo(0xffff), elementTag.UPGRADE_IMAGE)
    .option('--element <tag=file>', 'one more element; may be repeated', (word: string) => {
      const [tag, file] = halves(word, '--element takes TAG=FILE');
      sources.push(file);
      elements.push({ tag: upTo(0xffff)(tag), data: input(file) });
    })
    .option('--dummy <tag=octets>', 'one more element of so many octets; may be repeated', (word: string) => {
      const [tag, octets] = halves(word, '--dummy takes TAG=OCTETS');
      elements.push({ tag: upTo(0xffff)(tag), data: dummyData(upTo(2 ** 30)(octets)) });
    })
    .addOption(new Option('--integrity <coverage>', 'append an integrity code').choices([...COVERAGES]))
    .action((binary: string | undefined, words: MakeWords) => {
      const first = binary === undefined ? [] : [{ tag: words.tag, data: input(binary) }];
      make([...first, ...elements], words, binary === undefined ? sources : [binary, ...sources]);
    });
}

/** Puts the order together; fields that were not asked for stay out of the header. */
function make(elements: readonly Element[], words: MakeWords, sources: readonly string[]): void {
  if (elements.length === 0)
    throw new InputError('image', 'nothing to put into the file: name a binary, --element or --dummy');
  const { out, version, manufacturer, type, stack, headerString, credentials, destination, hardware, integrity } =
    words;
  const octets = makeImage({
    manufacturerCode: manufacturer,
    imageType: type,
    fileVersion: version,
    stackVersion: stack,
    headerString,
    elements,
    ...(credentials !== undefined && { securityCredentialVersion: credentials }),
    ...(destination !== undefined && { upgradeFileDestination: destination }),
    ...(hardware !== undefined && { minimumHardwareVersion: hardware[0], maximumHardwareVersion: hardware[1] }),
    ...(integrity !== undefined && { integrity }),
  });
  output(out, octets, sources);
}

/** A file that cannot be used ends here with the InputError of `readImage`. */
function inspect(file: string, json: boolean): void {
  const octets = input(file);
  const found = readImage(octets, file);
  if (json) sayJson(asJson(file, octets.length, found));
  else say(printImage(file, octets.length, found));
}

/** What `inspect --json` prints; data of elements only as their number of octets. */
function asJson(file: string, octets: number, found: ImageFile): object {
  const { wrapper, start, header, elements, bare, integrity, findings } = found;
  return {
    file,
    octets,
    wrapper,
    start,
    header,
    elements: elements.map(({ tag, at, data, uncounted }) => ({
      tag,
      name: tagName(tag),
      at: start + at,
      octets: data.length,
      ...(uncounted !== undefined && { uncounted: uncounted.length }),
    })),
    ...(bare !== undefined && { bareOctets: bare.length }),
    ...(integrity !== undefined && { integrity }),
    findings,
  };
}

/** A file for the terminal: its header field by field, its elements, and what is odd. */
export function printImage(file: string, octets: number, found: ImageFile): string {
  const { start, header, elements, bare, integrity, findings } = found;
  const rows = elements.map(({ tag, at, data }) => [
    String(start + at),
    tagName(tag),
    String(data.length),
    tag === elementTag.INTEGRITY_CODE && integrity !== undefined ? `covers: ${integrity}` : preview(data),
  ]);
  const columns = ['at', 'element', 'octets', 'data'].map((title) => ({ title, width: 60 }));
  return [
    `${file}: ${octets} octets`,
    ...printFields(headerLayout, header).map(([name, text]) => `  ${name}: ${text}`),
    '',
    ...(rows.length > 0 ? [table(columns, rows)] : []),
    ...(bare === undefined ? [] : [`  ${bare.length} octets without elements: ${preview(bare)}`]),
    '',
    ...(findings.length === 0 ? ['nothing odd'] : findings.map(({ at, text }) => `odd, octet ${at}: ${text}`)),
  ].join('\n');
}

/** The first octets, enough to tell a format by its start. */
function preview(data: Buffer): string {
  return data.length > 16 ? `${data.toString('hex', 0, 16)}…` : data.toString('hex');
}

/** KIND and FILE are optional for commander only, so that `--kinds` can stand alone. */
function spoil(
  kind: string | undefined,
  file: string | undefined,
  { out, size, kinds, json }: { out?: string; size: number; kinds?: true; json?: true },
): void {
  if (kinds === true) return listKinds(json === true);
  if (kind === undefined || file === undefined || out === undefined)
    throw new InputError('image', 'expected KIND FILE --out FILE; the kinds: plumbline image break --kinds');
  const names = BREAK_KINDS.map(({ name }) => name);
  const row = BREAK_KINDS.find(({ name }) => name === kind);
  if (row === undefined) throw new InputError('image', `no kind ${JSON.stringify(kind)}${didYouMean(kind, names)}`);
  output(out, breakImage(readImage(input(file), file), row, size), [file]);
}

/** The table of `src/zigbee/file/break.ts`, as text or JSON. */
function listKinds(json: boolean): void {
  const rows = BREAK_KINDS.map(({ name, what, client, must }) => ({ name, what, client, must }));
  if (json) return sayJson(rows);
  const columns = [
    { title: 'kind', width: 20 },
    { title: 'what is wrong', width: 40 },
    { title: 'client', width: 8 },
    { title: 'what a client must do', width: 60 },
  ];
  const cells = rows.map(({ name, what, client, must }) => [name, what, client, must]);
  say(table(columns, cells));
}

/** The data of the one element that tag and number (from 1) name; the message tells what the file has instead. */
function chosen(found: ImageFile, tag: number, number: number | undefined, file: string): Buffer {
  const place = { place: { file } };
  const all = found.elements.filter((one) => one.tag === tag);
  if (all.length > 1 && number === undefined)
    throw new InputError(
      'image',
      `${all.length} elements have the tag ${tagName(tag)}: say which with --number`,
      place,
    );
  const one = all[(number ?? 1) - 1];
  if (one !== undefined) return one.data;
  const has = found.elements.map((other) => tagName(other.tag)).join(', ') || 'no elements';
  const wanted = number === undefined ? tagName(tag) : `${tagName(tag)} number ${number}`;
  throw new InputError('image', `no element ${wanted}; the file has ${has}`, place);
}

/** Reads a whole file; what goes wrong is the user's to mend. */
function input(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (e) {
    throw new InputError('image', `cannot be read: ${messageOf(e)}`, { place: { file }, cause: e });
  }
}

/** Writes a file, but never over one that it was made from. */
function output(file: string, octets: Buffer, sources: readonly string[]): void {
  const real = (path: string): string | undefined => {
    try {
      return realpathSync(path);
    } catch {
      return undefined;
    }
  };
  const target = real(file);
  if (target !== undefined && sources.some((source) => real(source) === target))
    throw new InputError('image', 'would be overwritten, and is an input: choose another --out', { place: { file } });
  try {
    writeFileSync(file, octets);
  } catch (e) {
    throw new InputError('image', `cannot be written: ${messageOf(e)}`, { place: { file }, cause: e });
  }
}

/** A parser for numbers, decimal or hex behind 0x; hex without 0x would be ambiguous and is refused. */
function upTo(max: number): (word: string) => number {
  return (word) => {
    const value = /^(0[xX][0-9a-fA-F]+|\d+)$/.test(word) ? Number(word) : Number.NaN;
    if (value <= max) return value;
    throw new InputError('image', `expected a number up to ${hexNumber(max, 2)}, found ${JSON.stringify(word)}`);
  };
}

/** An EUI-64 in reading order, as it is printed on a device. */
function eui64(word: string): string {
  const digits = word.replace(/^0x/, '').replaceAll(':', '').toLowerCase();
  if (/^[0-9a-f]{16}$/.test(digits)) return digits;
  throw new InputError('image', `expected an EUI-64 such as 01:23:45:67:89:ab:cd:ef, found ${JSON.stringify(word)}`);
}

/** Two hardware versions; one alone has no meaning in the header. */
function range(word: string): readonly [number, number] {
  const [min, max, more] = word.split('-').map(upTo(0xffff));
  if (min !== undefined && max !== undefined && more === undefined) return [min, max];
  throw new InputError('image', `expected two hardware versions such as 0x0100-0x01ff, found ${JSON.stringify(word)}`);
}

/** Checked here, because a header string that is no ASCII would only show as a finding later. */
function headerString(word: string): string {
  if (word.length <= HEADER_STRING_OCTETS && /^[ -~]*$/.test(word)) return word;
  throw new InputError(
    'image',
    `expected up to ${HEADER_STRING_OCTETS} ASCII characters, found ${JSON.stringify(word)}`,
  );
}

/** The text before and after the first `=`; file names may hold more of them. */
function halves(word: string, hint: string): readonly [string, string] {
  const at = word.indexOf('=');
  if (at > 0) return [word.slice(0, at), word.slice(at + 1)];
  throw new InputError('image', `${hint}, found ${JSON.stringify(word)}`);
}
