// Clusters wait for elections most of their time. Fixtures that say nothing run alone: they measure, or fill the machine.
[assembly: LevelOfParallelism(3)]
