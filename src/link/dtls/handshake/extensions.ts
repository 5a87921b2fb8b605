import { HandshakeError } from '../failure.ts';
import { type Field, layout, list, opaque, uint, type Values } from '../layout.ts';
import { EXTENSION, printNumber } from '../numbers.ts';
import type { Extension } from './messages.ts';

/** One kind of hello extension: how its body is written and found. */
export interface ExtensionKind<T> {
  readonly type: number;
  make(body: T): Extension;
  /** The body, undefined where the hello lacks it. HandshakeError where it is malformed or there twice. */
  find(extensions: readonly Extension[]): T | undefined;
}

function kind<S extends Readonly<Record<string, Field<unknown>>>>(type: number, fields: S): ExtensionKind<Values<S>> {
  const name = `extension ${printNumber(EXTENSION, type)}`;
  const body = layout(name, fields);
  return {
    type,
    make: (values) => ({ type, data: body.encode(values) }),
    find(extensions) {
      const [found, second] = extensions.filter((one) => one.type === type);
      if (second !== undefined) throw new HandshakeError('illegal_parameter', `${name} is there twice`);
      return found === undefined ? undefined : body.decode(found.data);
    },
  };
}

export const supportedGroups = kind(EXTENSION.supportedGroups, { groups: list(2, uint(2)) });
export const pointFormats = kind(EXTENSION.pointFormats, { formats: list(1, uint(1)) });
export const signatureAlgorithms = kind(EXTENSION.signatureAlgorithms, { algorithms: list(2, uint(2)) });
export const extendedMasterSecret = kind(EXTENSION.extendedMasterSecret, {});
/** RFC 9146 3: the connection id that the sender of the hello wants to see; empty for none. */
export const connectionId = kind(EXTENSION.connectionId, { cid: opaque(1) });
export const renegotiationInfo = kind(EXTENSION.renegotiationInfo, { verifyData: opaque(1) });

/** RFC 7250 3: a client lists types, the server answers with one. */
export const certificateTypes = {
  ofClient: {
    offer: kind(EXTENSION.clientCertificateType, { types: list(1, uint(1)) }),
    answer: kind(EXTENSION.clientCertificateType, { type: uint(1) }),
  },
  ofServer: {
    offer: kind(EXTENSION.serverCertificateType, { types: list(1, uint(1)) }),
    answer: kind(EXTENSION.serverCertificateType, { type: uint(1) }),
  },
} as const;
