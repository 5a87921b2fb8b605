import { encodeContent, FORMAT, SINGLE_VALUE } from '../../lwm2m/codec/content.ts';
import type { Path } from '../../lwm2m/codec/path.ts';
import type { Entry } from '../../lwm2m/codec/value.ts';
import type { Reply } from '../coap/endpoint.ts';
import { OPTION, uintOption } from '../coap/message.ts';
import type { Behaviour } from './behaviour.ts';
import { numbersIn, type Options } from './options.ts';

const { text, opaque, cbor, senmlJson, senmlCbor, tlv, json, lwm2mCbor } = FORMAT;

const BY_VERSION: Readonly<Record<Options['lwm2m'], readonly number[]>> = {
  '1.0': [text, opaque, tlv, json],
  '1.1': [text, opaque, cbor, senmlJson, senmlCbor, tlv, json],
  '1.2': [text, opaque, cbor, senmlJson, senmlCbor, tlv, json, lwm2mCbor],
};

/** The content formats of values that the device speaks. */
export function formatsOf({ formats, lwm2m }: Options): readonly number[] {
  return formats === '' ? BY_VERSION[lwm2m] : numbersIn(formats);
}

const SINGLE = { text, tlv, senml: senmlCbor } as const;
const SEVERAL = { tlv, senml: senmlCbor } as const;

/** The format of an answer: what was asked for, or the device's own choice; undefined where it cannot be had. */
export function answerFormat(
  accept: number | undefined,
  path: Path,
  entries: readonly Entry[],
  options: Options,
): number | undefined {
  const spoken = formatsOf(options);
  const single = path.length === 3 && entries.length === 1 && entries[0]?.path.length === 3;
  const isOpaque = entries[0]?.value?.type === 'Opaque';
  if (accept === undefined) {
    if (single && isOpaque && spoken.includes(opaque)) return opaque;
    const liked = single ? SINGLE[options.singleFormat] : SEVERAL[options.instanceFormat];
    return spoken.includes(liked) ? liked : spoken.find((format) => single || !SINGLE_VALUE.includes(format));
  }
  if (!spoken.includes(accept) || (SINGLE_VALUE.includes(accept) && !single)) return undefined;
  return accept === opaque && !isOpaque ? undefined : accept;
}

/** The answer to a Read; 4.06 where the format that was asked for cannot be had. */
export function contentReply(
  accept: number | undefined,
  path: Path,
  entries: readonly Entry[],
  options: Options,
  behaviour: Behaviour,
): Reply {
  const found = answerFormat(accept, path, entries, options);
  const any = behaviour.anyAcceptAsText === true;
  const format = found ?? (any ? answerFormat(undefined, path, entries, options) : undefined);
  if (format === undefined) return { code: '4.06' };
  return {
    code: '2.05',
    options: [uintOption(OPTION.contentFormat, format)],
    payload: encodeContent(format, path, format === text ? entries.map((e) => shifted(e, behaviour.textOff)) : entries),
  };
}

/** What a device shows whose formats differ. */
function shifted(entry: Entry, off = 0): Entry {
  const { value } = entry;
  return value?.type === 'Integer' ? { ...entry, value: { ...value, value: Number(value.value) + off } } : entry;
}
