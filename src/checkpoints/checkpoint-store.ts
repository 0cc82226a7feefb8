/** What is known of content that is kept. */
export interface KeptContent {
  /** Bytes. */
  readonly size: number
  /** Of the content, in hexadecimal digits. */
  readonly sha256: string
}

/**
 * Where the content of checkpoints is kept: files (`fileCheckpoints`), or whatever holds bytes under names. Keys are texts
 * with `/` between their parts, such as `digits/trial-3/000012-1`. A key is written once, but for the same content.
 *
 * Failures are best given as `StorageError`, and anything else that is thrown becomes the cause of one.
 * @example
 * // A bucket that speaks S3, by @aws-sdk/client-s3 and @aws-sdk/lib-storage.
 * const bucketCheckpoints = (client: S3Client, Bucket: string): CheckpointStore => ({
 *   async put(Key, content) {
 *     const hash = createHash('sha256')
 *     let size = 0
 *     async function* counted() {
 *       for await (const piece of content instanceof Uint8Array ? [content] : content) {
 *         hash.update(piece)
 *         size += piece.length
 *         yield piece
 *       }
 *     }
 *     await new Upload({ client, params: { Bucket, Key, Body: Readable.from(counted()) } }).done()
 *     return { size, sha256: hash.digest('hex') }
 *   },
 *   async get(Key) {
 *     const { Body } = await client.send(new GetObjectCommand({ Bucket, Key }))
 *     return Body.transformToByteArray()
 *   },
 *   async delete(Key) {
 *     await client.send(new DeleteObjectCommand({ Bucket, Key }))
 *   },
 *   async list(Prefix) {
 *     const pages = paginateListObjectsV2({ client }, { Bucket, Prefix })
 *     const keys = []
 *     for await (const { Contents = [] } of pages) keys.push(...Contents.map(({ Key }) => Key))
 *     return keys
 *   },
 * })
 */
export interface CheckpointStore {
  /** Resolves when all of the content is safe: never may a part of it be found under the key. */
  put(key: string, content: Uint8Array | AsyncIterable<Uint8Array>): Promise<KeptContent>
  /**
   * The content, unchecked: whoever asks has the checksum.
   * @throws (rejects) a `StorageError` with code `'notFound'` when there is none under the key, and with `'unreadable'` when
   * what is there cannot be read again. After these an older checkpoint is used; after any other error none is.
   */
  get(key: string): Promise<Uint8Array>
  /** Forgets the content. Nothing happens when there is none under the key. */
  delete(key: string): Promise<void>
  /** The keys that begin with this text, in order of their letters. */
  list(prefix: string): Promise<readonly string[]>
}
