#!/usr/bin/env node
import { argv } from 'node:process'
import { nodeShell, runInProcess } from './node-shell.ts'

await runInProcess(argv.slice(2), nodeShell)
