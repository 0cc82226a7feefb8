/** The version of this library, as in package.json: written here too, since programs are bundled without that. */
export const VERSION = '0.1.0'
