import { formatsOf } from './formats.ts';
import type { InstancePort } from './instance.ts';
import { newSoftware, type Saved, type SavedSoftware } from './saved.ts';
import { Software } from './software.ts';

/** What the instances need of their device; the rest they have from one another. */
export type SoftwareSetPort = Omit<InstancePort, 'others' | 'freeComponentId'>;

/** All instances of object 9, as they stand in the saved state. */
export class SoftwareSet {
  private readonly saved: Saved;
  private readonly port: SoftwareSetPort;
  private list: Software[] = [];

  constructor(saved: Saved, port: SoftwareSetPort) {
    this.saved = saved;
    this.port = port;
    this.renew();
  }

  /** In the order of their ids. */
  get all(): readonly Software[] {
    return this.list;
  }

  get(id: number | undefined): Software | undefined {
    return this.list.find(({ saved }) => saved.id === id);
  }

  /** Makes the instances anew from the saved state. */
  renew(): void {
    this.stop();
    this.list = this.saved.software.map((saved) => this.bring(saved));
  }

  /** Empties every instance, as no right device does. */
  forget(): void {
    this.saved.software = this.saved.software.map(({ id }) => newSoftware(id));
    this.renew();
  }

  /** Power came back. */
  boot(): void {
    for (const { instance } of this.list) instance.boot();
  }

  /** Forgets what is going on, as the power does. */
  stop(): void {
    for (const software of this.list) software.stop();
  }

  add(saved: SavedSoftware): void {
    const byId = (a: { readonly id: number }, b: { readonly id: number }): number => a.id - b.id;
    this.saved.software = [...this.saved.software, saved].sort(byId);
    this.list = [...this.list, this.bring(saved)].sort((a, b) => byId(a.saved, b.saved));
  }

  take(id: number): void {
    this.get(id)?.stop();
    this.list = this.list.filter(({ saved }) => saved.id !== id);
    this.saved.software = this.saved.software.filter((saved) => saved.id !== id);
    this.port.changed();
  }

  private bring(saved: SavedSoftware): Software {
    const port: InstancePort = {
      ...this.port,
      freeComponentId: () => this.freeComponentId(),
      others: () => this.list.filter((other) => other.saved !== saved).map(({ instance }) => instance),
    };
    return new Software(saved, port, formatsOf(this.port.options));
  }

  private freeComponentId(): number {
    const taken = this.saved.software.flatMap(({ components }) => components.map(({ id }) => id));
    return taken.length === 0 ? 0 : Math.max(...taken) + 1;
  }
}
