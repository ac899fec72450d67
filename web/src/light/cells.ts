// What changes and who hears of it: cells that hold a value, values made from others, and readers that are told when
// something they have read is no longer so. A reader remembers what its last run has read and nothing older.

export type Readers = Set<Reader>;

let active: Reader | null = null;

export class Reader {
  private readonly read = new Set<Readers>();
  constructor(readonly tell: () => void) {}

  /** Runs `work` and is told from now on when what it reads changes. */
  run<T>(work: () => T): T {
    this.forget();
    const before = active;
    active = this;
    try {
      return work();
    } finally {
      active = before;
    }
  }

  note(readers: Readers): void {
    readers.add(this);
    this.read.add(readers);
  }

  forget(): void {
    for (const one of this.read) one.delete(this);
    this.read.clear();
  }
}

const changed = (readers: Readers): void => {
  for (const one of [...readers]) one.tell();
};

/** A value that is replaced, never changed in place: only what is set here is heard of. */
export class Cell<T> {
  private readonly readers: Readers = new Set();
  constructor(private held: T) {}

  get value(): T {
    active?.note(this.readers);
    return this.held;
  }

  set value(next: T) {
    if (Object.is(next, this.held)) return;
    this.held = next;
    changed(this.readers);
  }
}

/** A value made from others, when somebody asks and something has changed since. */
export class Derived<T> {
  private readonly readers: Readers = new Set();
  private stale = true;
  private held: T | undefined;
  private readonly reader = new Reader(() => {
    if (this.stale) return;
    this.stale = true;
    changed(this.readers);
  });
  constructor(private readonly make: () => T) {}

  get value(): T {
    active?.note(this.readers);
    if (this.stale) {
      this.held = this.reader.run(this.make);
      this.stale = false;
    }
    return this.held as T;
  }

  /** Stands in nobody's list any more; who asks once more is answered rightly. */
  rest(): void {
    this.reader.forget();
    this.stale = true;
  }
}

/** An object each of whose members is heard of when it is set; what the members hold is not looked into. */
export function shallowReactive<T extends object>(held: T): T {
  const readers = new Map<PropertyKey, Readers>();
  const of = (key: PropertyKey): Readers => {
    const found = readers.get(key) ?? new Set<Reader>();
    readers.set(key, found);
    return found;
  };
  return new Proxy(held, {
    get: (target, key) => {
      active?.note(of(key));
      return Reflect.get(target, key);
    },
    set: (target, key, next) => {
      const before: unknown = Reflect.get(target, key);
      Reflect.set(target, key, next);
      if (!Object.is(before, next)) changed(of(key));
      return true;
    },
  });
}

export const ref = <T>(value?: T): Cell<T | undefined> => new Cell(value);
export const shallowRef = ref;
export const unref = (value: unknown): unknown => (value instanceof Cell || value instanceof Derived ? (value.value as unknown) : value);
