// Every test has a server and a store of its own and spends most of its time waiting for them.
[assembly: Parallelizable(ParallelScope.All)]
[assembly: LevelOfParallelism(3)]
[assembly: FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
