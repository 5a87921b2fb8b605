import type { Resource } from '../server.ts';
import { type Common, type Field, type Fields, securityResource, uuidField } from './resource.ts';
import { METHODS, type MethodName } from './states.ts';

export interface DoxmParts extends Common {
  readonly method: MethodName;
  readonly deviceId: () => string;
  readonly rename: (deviceId: string) => void;
  /** A method of owner transfer was chosen. */
  readonly chosen: () => void;
}

/** `/oic/sec/doxm`: whose the device is, and how an owner comes to it. */
export function doxm(parts: DoxmParts): Resource {
  const { ownership, method } = parts;
  const { oxm, sct } = METHODS[method];
  const fields: Fields = {
    oxmsel: {
      ok: (value) => value === oxm,
      set() {
        ownership().oxmsel = oxm;
        parts.chosen();
      },
    },
    devowneruuid: secured(uuidField((uuid) => (ownership().devowneruuid = uuid))),
    deviceuuid: secured(uuidField(parts.rename)),
    rowneruuid: secured(uuidField((uuid) => (ownership().rowners.doxm = uuid))),
    owned: secured({ ok: (value) => value === true, set: () => (ownership().owned = true) }),
  };
  const resource = securityResource(
    {
      kind: 'doxm',
      inClear: true,
      fields,
      writable: () => ownership().dos === 'RFOTM',
      show() {
        const { oxmsel, owned, devowneruuid, rowners } = ownership();
        const rest = { owned, devowneruuid, deviceuuid: parts.deviceId(), rowneruuid: rowners.doxm };
        return { oxms: [oxm], oxmsel, sct, ...rest };
      },
    },
    parts,
  );
  return {
    ...resource,
    // Discovery of devices with or without an owner: a filter that does not fit finds nothing.
    retrieve(iface, queries) {
      const wanted = queries.find((query) => query.startsWith('owned='));
      const fits = wanted === undefined || wanted === `owned=${ownership().owned}`;
      return fits ? resource.retrieve(iface, queries) : undefined;
    },
  };
}

/** Only the method may be chosen in clear. */
function secured(field: Field): Field {
  return {
    ok: (value, session) => session.kind !== 'clear' && field.ok(value, session),
    set: (value, session) => field.set(value, session),
  };
}
