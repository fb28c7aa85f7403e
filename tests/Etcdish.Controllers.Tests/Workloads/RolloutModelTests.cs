namespace Etcdish.Controllers.Tests.Workloads;

/// <summary>The bounds of rolling updates hold whoever moves when, and templates are rolled out in the end.</summary>
public sealed class RolloutModelTests
{
    private const int Seeds = 2000;
    private const int Moves = 150;

    [Test]
    public void Bounds_hold_and_roll_outs_end()
    {
        for (var seed = 1; seed <= Seeds; seed++)
        {
            var model = new RolloutModel(seed);
            model.Begin();
            var random = new Random(seed);
            for (var move = 0; move < Moves; move++)
            {
                if (random.Next(20) == 0)
                {
                    model.ChangeTemplate();
                }

                model.Move();
                Check(model);
            }

            for (var round = 0; !model.IsDone; round++)
            {
                Assert.That(round, Is.LessThan(1000), $"it never ends: {model}");
                model.MoveAll();
                Check(model);
            }
        }
    }

    private static void Check(RolloutModel model)
    {
        if (model.Pods > model.MaxPods || model.Available < model.MinAvailable)
        {
            Assert.Fail($"{model.Pods} pods of at most {model.MaxPods}, {model.Available} available of at least {model.MinAvailable}: {model}");
        }
    }
}
