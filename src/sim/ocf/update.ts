import { type CborMap, type CborValue, isCborMap } from '../../ocf/codec/cbor.ts';
import { ACTIONS, isAction, PROPERTIES, UPDATE_PROPERTIES } from '../../ocf/codec/swu.ts';
import type { Behaviour } from './behaviour.ts';
import type { Options } from './options.ts';
import { urlFault } from './source.ts';
import { readTime, writeTime } from './time.ts';

/** What an UPDATE asks for, after validation. A property that the body leaves out is undefined. */
export interface Wanted {
  readonly purl?: string;
  readonly action?: string;
  /** As it will be shown. */
  readonly updatetime?: string;
  /** The same as Unix milliseconds of protocol time; undefined for "none". */
  readonly at?: number;
  readonly n?: string;
  readonly id?: string;
  /** Read-only properties that a wrong device takes. */
  readonly written?: Readonly<Record<string, string | number>>;
}

export type Verdict = { readonly ok: true; readonly wanted: Wanted } | { readonly ok: false; readonly why: string };

export interface UpdateContext {
  readonly options: Options;
  readonly behaviour: Behaviour;
  /** Protocol time as Unix milliseconds. */
  readonly now: number;
}

const PURL_MAX = PROPERTIES.purl.maxLength;
const EPOCH = '1970-01-01T00:00:00Z';

/** Checks a body against the published schema and the choices of this device. */
export function readUpdate(body: CborValue, context: UpdateContext): Verdict {
  const { options, behaviour } = context;
  if (!isCborMap(body)) return no('not a map');
  const known = respell(body, context);
  const takesPart = behaviour.partialClobbers === true || behaviour.partialAction !== undefined;
  for (const name of UPDATE_PROPERTIES)
    if (known[name] === undefined && options.partialUpdate === 'refuse' && !takesPart) return no(`${name} is missing`);
  for (const [name, value] of Object.entries(known)) {
    const wrong = propertyFault(name, value, context);
    if (wrong !== undefined) return no(wrong);
  }
  return { ok: true, wanted: wantedOf(known, context) };
}

/** The body with every accepted spelling turned into the published one. */
function respell(body: CborMap, { options, behaviour }: UpdateContext): CborMap {
  const drafts: readonly string[] = PROPERTIES.updatetime.draftSpellings;
  const taken = behaviour.takesDraftTime === true ? drafts : options.text === 'draft' ? ['updateTime'] : [];
  return Object.fromEntries(
    Object.entries(body).map(([name, value]) => [taken.includes(name) ? 'updatetime' : name, value]),
  );
}

/** Why a property makes the device refuse the UPDATE; undefined where it does not. */
function propertyFault(name: string, value: CborValue, context: UpdateContext): string | undefined {
  const { options, behaviour } = context;
  switch (name) {
    case 'purl':
      return purlFault(value, context);
    case 'swupdateaction':
      return actionOf(value, context) === undefined ? `${printable(value)} is no action` : undefined;
    case 'updatetime':
      return timeOf(value, context) === undefined ? `${printable(value)} is no time` : undefined;
    case 'n':
    case 'id':
      if (options[name] === 'yes') return typeof value === 'string' && value.length <= 64 ? undefined : `bad ${name}`;
  }
  const taken = options.silentIgnore === 'yes' || behaviour.writesReadOnly === true;
  return taken ? undefined : `${name} is not for writing`;
}

function purlFault(value: CborValue, { options, behaviour }: UpdateContext): string | undefined {
  if (typeof value !== 'string') return 'purl is no text';
  const long = value.length > (behaviour.purlMax ?? PURL_MAX) && behaviour.purlCut === undefined;
  if (long && (options.longPurl === 'refuse' || behaviour.purlMax !== undefined)) return 'purl is too long';
  if (value === '') {
    if (behaviour.refusesEmptyPurl === true) return 'purl is empty';
    const useless = options.builtinUrl === '' && options.emptyPurl === 'refuse';
    return useless && behaviour.pretendsFetch !== 'empty' ? 'purl is empty' : undefined;
  }
  if (!URL.canParse(value) && options.relativePurl === 'refuse' && behaviour.pretendsFetch !== 'relative')
    return 'purl is no absolute URL';
  const supported = urlFault(value, options.protocols.split(',')) !== 7 || behaviour.pretendsFetch === 'scheme';
  return supported || options.otherScheme === 'result' ? undefined : 'protocol of purl is not supported';
}

function actionOf(value: CborValue, { options, behaviour }: UpdateContext): string | undefined {
  if (isAction(value)) return value;
  if (behaviour.actionByNumber === true && typeof value === 'number') return Object.keys(ACTIONS)[value] ?? 'idle';
  if (typeof value !== 'string') return undefined;
  if (value === 'isv' && (options.text === 'draft' || behaviour.takesDraftAction === true)) return 'isvv';
  if (behaviour.actionAnyCase === true && isAction(value.toLowerCase())) return value.toLowerCase();
  return behaviour.anyAction === true ? value : undefined;
}

function timeOf(value: CborValue, { options, behaviour, now }: UpdateContext): Partial<Wanted> | undefined {
  if (behaviour.anyTime === true && typeof value === 'number') return { updatetime: `${value}` };
  if (typeof value !== 'string') return undefined;
  if (behaviour.anyTime === true && readTime(value) === undefined) return { updatetime: value };
  if (options.specialTime === 'yes' && value === 'now') return { updatetime: writeTime(now), at: now };
  if (options.specialTime === 'yes' && value === 'none') return { updatetime: EPOCH };
  const at = readTime(value, {
    leapSecond: options.leapSecond === 'accept',
    withoutSeconds: options.timeWithoutSeconds === 'accept',
    rollsDays: behaviour.rollsDays === true,
    ...(behaviour.offset === undefined ? {} : { offset: behaviour.offset }),
  });
  return at === undefined ? undefined : { updatetime: writeTime(at), at };
}

function wantedOf(body: CborMap, context: UpdateContext): Wanted {
  const { options, behaviour } = context;
  const { purl, swupdateaction, updatetime, n, id } = body;
  const action = swupdateaction === undefined ? undefined : actionOf(swupdateaction, context);
  const readOnly = Object.entries(body).filter(
    (entry): entry is [string, string | number] =>
      Object.hasOwn(PROPERTIES, entry[0]) &&
      PROPERTIES[entry[0] as keyof typeof PROPERTIES].access === 'R' &&
      (typeof entry[1] === 'string' || typeof entry[1] === 'number'),
  );
  return {
    ...(typeof purl === 'string' ? { purl: purl.slice(0, behaviour.purlCut ?? purl.length) } : {}),
    ...(action === undefined ? {} : { action }),
    ...(updatetime === undefined ? {} : timeOf(updatetime, context)),
    ...(typeof n === 'string' && options.n === 'yes' ? { n } : {}),
    ...(typeof id === 'string' && options.id === 'yes' ? { id } : {}),
    ...(behaviour.writesReadOnly === true ? { written: Object.fromEntries(readOnly) } : {}),
  };
}

function no(why: string): Verdict {
  return { ok: false, why };
}

function printable(value: CborValue): string {
  return typeof value === 'string' ? JSON.stringify(value) : typeof value;
}
