// Things that this browser keeps for a page: objects in an IndexedDB store, keys that no script can read among them.

export interface Keeper<T> {
  readonly get: (key: string) => Promise<T | null>;
  readonly put: (key: string, value: T) => Promise<void>;
}

export function keeper<T>(database: string, store: string): Keeper<T> {
  const within = async <R>(mode: IDBTransactionMode, work: (found: IDBObjectStore) => IDBRequest<R>): Promise<R> => {
    const opened = await open(database, store);
    try {
      return await settled(work(opened.transaction(store, mode).objectStore(store)));
    } finally {
      opened.close();
    }
  };
  return {
    get: async (key) => ((await within<unknown>("readonly", (found) => found.get(key))) as T | undefined) ?? null,
    put: async (key, value) => void (await within("readwrite", (found) => found.put(value, key))),
  };
}

function open(database: string, store: string): Promise<IDBDatabase> {
  const request = indexedDB.open(database, 1);
  request.onupgradeneeded = () => request.result.createObjectStore(store);
  return settled(request);
}

function settled<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error("the browser keeps nothing"));
  });
}
