import { type CborValue, encodeCbor, encodeCborIndefinite } from '../../ocf/codec/cbor.ts';
import { CONTENT_FORMAT, encodeVersion, OCF_1_0_0, VERSION_OPTION } from '../../ocf/codec/ocf.ts';
import type { Answer, Reply, Request } from '../coap/endpoint.ts';
import { METHOD, type Option, OPTION, pathOf, textsOf, uintOf, uintOption } from '../coap/message.ts';
import type { Behaviour } from './behaviour.ts';
import type { Listed } from './discovery.ts';
import type { Options } from './options.ts';
import type { Session } from './security/access.ts';

/** A resource of the device with what can be done to it. */
export interface Resource extends Listed {
  /** The representation by this interface; undefined where the queries ask for something else. */
  retrieve(iface: string, queries: readonly string[]): CborValue | undefined;
  update?(request: Request, iface: string, session: Session): Answer;
  remove?(request: Request): Answer;
  /** Registers or deregisters; returns the answer. Absent where the resource cannot be observed. */
  observe?(request: Request, register: boolean): Answer;
}

export interface ServerContext {
  readonly options: Options;
  readonly behaviour: Behaviour;
  readonly resources: readonly Resource[];
}

const REFUSED_METHOD: Reply = { code: '4.05' };

/** Answers one whole request (blocks put together) by the rules that hold for every OCF resource. */
export function serve(request: Request, session: Session, context: ServerContext): Answer {
  const answer = route(request, session, context);
  const error = typeof answer !== 'string' && !answer.code.startsWith('2.');
  return request.multicast && error ? 'silence' : answer;
}

function route(request: Request, session: Session, context: ServerContext): Answer {
  const { message } = request;
  const { behaviour, options } = context;
  const resource = context.resources.find(({ href }) => href === pathOf(message));
  if (resource === undefined) return { code: '4.04' };
  if (message.code === METHOD.delete && resource.remove !== undefined) return resource.remove(request);
  const updatable = resource.update !== undefined;
  const method =
    (message.code === METHOD.put && behaviour.takesPut === true) ||
    (message.code === METHOD.delete && behaviour.takesDelete === true)
      ? METHOD.post
      : message.code;
  if (method !== METHOD.get && (method !== METHOD.post || !updatable)) return REFUSED_METHOD;
  const accept = uintOf(message, OPTION.accept);
  const readable = accept === undefined || accept === CONTENT_FORMAT.ocfCbor || behaviour.takesAnyFormat === true;
  if (!readable) return { code: '4.06' };
  const iface = interfaceOf(message.options, resource, behaviour);
  if (iface === undefined) return { code: options.refusal };
  if (method === METHOD.post) {
    if (message.code === METHOD.delete) return { code: '2.02' };
    return resource.update?.(request, iface, session) ?? REFUSED_METHOD;
  }
  const observe = uintOf(message, OPTION.observe);
  if (observe !== undefined && resource.observe !== undefined && !request.multicast && !isLaterBlock(request))
    return resource.observe(request, observe === 0);
  const shown = resource.retrieve(iface, textsOf(message, OPTION.uriQuery));
  if (shown === undefined) return { code: '4.04' };
  const nothing = Array.isArray(shown) && shown.length === 0;
  return nothing && request.multicast ? 'silence' : content('2.05', shown, context);
}

/** The first block of a body comes with the observation; the rest is fetched with plain requests. */
function isLaterBlock({ message }: Request): boolean {
  return (uintOf(message, OPTION.block2) ?? 0) >= 16;
}

/** The interface asked for, else the resource's default (its first); undefined where it has no such interface. */
export function interfaceOf(options: readonly Option[], resource: Listed, behaviour: Behaviour): string | undefined {
  const asked = textsOf({ options }, OPTION.uriQuery)
    .find((query) => query.startsWith('if='))
    ?.slice(3);
  if (asked === undefined) return resource.if[0];
  if (resource.if.includes(asked)) return asked;
  return behaviour.anyInterface === true ? resource.if[0] : undefined;
}

/** A reply with a representation in the content format of OCF. */
export function content(code: string, shown: CborValue, { options, behaviour }: ServerContext): Reply {
  const payload = options.cbor === 'indefinite' ? encodeCborIndefinite(shown) : encodeCbor(shown);
  const version = { number: VERSION_OPTION.content, value: encodeVersion(OCF_1_0_0) };
  return {
    code,
    payload,
    options: [
      uintOption(OPTION.contentFormat, behaviour.contentFormat ?? CONTENT_FORMAT.ocfCbor),
      ...(behaviour.noVersionOption === true ? [] : [version]),
    ],
  };
}
