using System.Globalization;

namespace Etcdish.ApiLoad.Rows;

/// <summary>A measured figure and the bound that the project promises for it.</summary>
/// <param name="Row">The row.</param>
/// <param name="Value">What was measured.</param>
/// <param name="Unit">In what.</param>
/// <param name="Bound">The bound.</param>
/// <param name="AtLeast">Whether the bound is the least value and not the most.</param>
/// <param name="Detail">What else was seen.</param>
internal sealed record Figure(string Row, double Value, string Unit, double Bound, bool AtLeast, string Detail)
{
    public bool Holds => AtLeast ? Value >= Bound : Value <= Bound;

    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"{Row,-8} {Value,10:N2} {Unit,-22} {(AtLeast ? ">=" : "<=")} {Bound,8:N1}  {(Holds ? "ok" : "MISSED"),-7} {Detail}");
}
