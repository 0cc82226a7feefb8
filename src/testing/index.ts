export { simulate, type SimulateOptions, type Simulation, type VirtualTimeOptions } from './simulate.ts'
export { Trace, type TraceHeader } from '../runtime/trace.ts'
export { cloned } from '../executors/cloned.ts'
