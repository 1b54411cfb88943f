"""The words of an offered passphrase: short, common, told apart by ear and by eye."""

from __future__ import annotations

# 2,048 words, so that each one is worth exactly 11 bits.
_TEXT = """
abacus abbey able absent acid acorn acre acrobat action actor acute adapt adobe adult advice
aerial affair afford agate agile ahead airport alarm album alert algae alibi alien align alley
alloy almond aloft alone alpaca alpine always amber amble ample amuse anchor angle animal ankle
annual antler anvil apart apple apricot apron arcade arch arctic ardent arena aroma array arrive
arrow artist ashore aside aspen asset astute atlas atom attic audio august author autumn avenue
avid avocado awake award aware awning axle azure baboon bacon badge badger bagel bagpipe baker
balcony ballad balloon balm bamboo banana banjo banner barber bargain barge bark barley barn
barrel basil basin basket baton battery bayou beach beacon beagle beaker beam bean beard beaver
bedrock beehive beetle begin behave beige belfry bell belong belt bench beyond bicycle bird
biscuit bishop bison bitter blade blanket blaze blazer blend blimp blink blizzard block bloom
blossom blouse blue bluff blunt boat bobbin bobcat bolt bonfire bongo bonnet bonus book boost
booth border borrow bottle bounce bounty bowl boxer bracket braid brain branch brass brave breeze
brew brick bridge bright brisk bristle broad broccoli bronze brook broom brother brown brush
bubble bucket buckle buddy budget buffalo buffet bugle build bulb bumper bundle bungalow bunny
burger burlap burst bushel busy butler butter button buzzer bygone bypass cabbage cabin cable
cactus cadet cafe cage cake calcium calendar calf calico calm camel camera campus canal canary
candle candy canoe canopy canteen canyon cape capital captain caption caravan carbon card cargo
caribou carnival carol carpet cart carve cascade cashew cassette castle casual catch cattle cave
cavern cedar celery cello cement ceramic chain chair chalk channel chapel chapter charcoal charm
chart chase cheddar cheek cheer cheese cherry chess chest chicken chief chili chimney chimp chisel
choice choir chorus chrome chunk churn cider cinema cinnamon circle circus citrus city civic clam
clamp class claw clay clean clerk clever cliff climate climb clinic cloak clock closet cloth cloud
clover clown club cluster coach coast cobalt cobbler cobra cocoa coconut coffee coin collar colony
column comb comedy comet comfort comic common compass concert condor cone confetti copper copy
coral cork corn corner cosmic costume cottage cotton couch cougar count county couple courage
cousin cover cowboy coyote cozy crab cradle craft crane crater crayon cream credit crest cricket
crimson crisp crocus crop cross crouton crow crowd crown cruise crumb crust crystal cube cuckoo
cuddle culture cumin cupcake curb curfew curious curl curry curtain curve cushion custard custom
cycle cyclone cypress dahlia dairy daisy dance dapper daring dash data date dawn dazzle decade
decent deck decoy deep degree delight delta deluxe dentist depot depth deputy derby desert desk
dessert detail detour device diagram dial diamond diary diesel digit dill dimple diner dinner
diploma disco dish ditto dive divide dizzy dock doctor dolphin domain dome domino donkey donor
door double dough dove downhill dozen draft dragon drama drapery drawer dream dress drift drill
drink drive drizzle drum duck duet dugout dune duplex dusk dust dynamo eagle early earn earth
easel east easy echo eclipse edge edit effect effort eight elastic elbow elder elegant elevator
ember emblem emerald empire empty enable enamel encore endive endless energy engine enjoy enough
entry envelope envoy epic equal equator errand essay estate evening event exact exam example
excite exhibit exit exotic expand expert explore express extra eyebrow eyelid fable fabric facet
fact factory fade falcon fall fame family famous fancy farm fashion father fathom faucet feast
feather fedora feed fellow felt fence fender fennel fern ferret ferry festival fever fiction
fiddle field fiesta fifty figure filter final finch finger finish fire firm fish flag flame
flamingo flannel flap flash flask fleet flicker flight flint flip float flock floor flora florist
flow fluent fluffy flute focus foil folder folk follow fondue font forest forge fork form fortune
forum forward fossil fragile frame freckle freedom freight fresh friend frigate fringe frog frost
frozen fruit fudge funnel funny furnace future fuzzy gable gadget galaxy gallery gallon gallop
game garage garden gargle garlic garment garnet gather gazelle gear gecko general genius gentle
genuine geyser giant gift giggle ginger giraffe girder glacier glad glance glass glaze gleam glide
glimpse glitter globe glory glossy glove glow glue goat goblet gold golf gondola good goose gopher
gorge gorilla gospel gourd grace grade grain grammar grand granite grape graph grass gravel
gravity gravy graze green grid griddle grin grocery groove ground group grove growl guard guava
guess guide guitar gulf gull gumbo gust gutter habit halibut halo hamlet hammer hammock hamster
hand handle hangar happy hardy harmony harness harp harvest hatch haven hawk hazel hazy headline
health heart heater heath heaven hedge height helium helmet help herald herb heron hickory hidden
highway hiker hill hinge hippo history hobby hockey holiday hollow holly home honest honey hood
hoof hook horizon hornet horse hospital host hotel hound hour house hover hubcap huddle human
humble humid hummus hundred hunter hurdle hurry husky hybrid hydrant hyena iceberg icicle icing
icon idea igloo iguana image immune impact import impulse inch income index indigo indoor infant
inlet inner input insect inside instant invent invite iris iron island itself ivory jackal jacket
jade jaguar janitor jasmine jaunt javelin jazz jeans jelly jersey jester jewel jigsaw jingle
jockey jogger joint joke jolly journal journey judge juggle juice jumbo jump jungle junior juniper
justice kale kangaroo karate kayak kebab keel keen keeper kelp kennel kernel kettle keyboard kick
kidney kilo kimono kind king kiosk kitchen kite kitten kiwi knack knife knoll koala label lace
ladder ladle lady lagoon lake lamb lamp lance landing lantern lapel laptop larch large lark lasso
latch lather laugh launch laundry laurel lava lawn lawyer layer lazy leader leaf league leap learn
leather ledge legacy legend lemon lemur lens lentil leopard letter lettuce level lever library
license lichen lift light lilac lily limb lime limit linden linen linger lion liquid listen little
lizard llama loaf lobby lobster local locker locket locust lodge lofty logic longbow lotion lotus
lounge loyal lucky lumber lunar lunch lupine luster luxury lyric macaroni machine magenta magic
magma magnet magpie mahogany maiden mailbox major mallard mallet malt mammal mammoth manager
mandolin mango mantis manual maple marathon marble march margin marigold marina marine marker
market marmot marsh marvel mascot mason matrix matter mattress meadow meal measure medley mellow
melody melon member memory mentor menu mercury meringue merit mermaid merry message meteor method
metro middle midnight mighty mild mile milk miller million mimic mineral minnow minor mint minute
miracle mirror mist mitten mixer mobile mocha model modern modest module mohair molar moment
monday money monitor monkey monsoon month moose morning morsel mosaic moss motel mother motion
motor motto mound mountain mouse movie muffin mulberry mule museum mushroom music muskrat mutual
myrtle mystery nail napkin narrow narwhal nation native nature navy nearby neat nebula nectar
needle nephew neptune nerve nest nettle network neutral never newborn newt nibble nickel niece
nimble nine noble nomad noodle noon normal north nose notable note notice novel november nozzle
nucleus nudge nugget number nurse nutmeg nylon oasis oatmeal object oboe observe ocean ocelot
octagon octave october octopus office often olive omega omelet onion onward onyx opal open opera
opinion opossum option orange orbit orchard orchid order oregano organ origin oriole ornament
osprey ostrich otter outdoor outer outfit oval oven overall owner oxygen oyster pacific pack
paddle padlock page pagoda paint palace palm pamphlet panda panel panther pantry papaya paper
paprika parade parcel parent park parrot parsley parsnip partner party passage pasta pastel pastry
pasture patch path patient patio patrol pattern peach peacock peanut pebble pecan pelican pencil
penguin pennant people pepper perch perfect perfume period permit person petal pheasant phone
photo phrase piano piccolo pickle picnic picture pigeon pilgrim pillar pillow pilot pine pink
pinto pioneer pipe pitcher pivot pizza place planet plank plant plaster plate platinum play plaza
pleasant pliers plot plume plural plush pocket podium poem poet point polar polish polka pollen
polo pond pony poodle popcorn poplar poppy porch portal portrait postcard potato potter pottery
pouch poultry powder power prairie prefer prelude premium present pretzel price primary primrose
prince print prism private prize problem produce profile program project promise proof proper
protein proud public pudding puddle puffin pulley pulse puma pumice pumpkin punch pupil puppet
puppy purple puzzle pyramid python quail quaint quake quality quantum quarry quart queen quench
quest question quick quiet quill quilt quince quiver quiz quota quote rabbit raccoon race radar
radio radish radius raffle raft rainbow raisin rally ramp ranch random range ranger rapid rather
rattle raven ravine razor reach ready reason recipe record recycle reef refill reflect region
regular reindeer relax relay relic remark remedy remote rent repair repeat reply report reptile
rescue reserve result retire return reunion reveal reward rhino rhubarb ribbon rice riddle ridge
rind ripple rising ritual rival river roast robin robot robust rocket rodeo roller romaine romance
roof rookie room rooster rope rose roster rotate rotor rotunda rough round rowboat royal rubber
ruby rudder ruffle rugby ruler rumble runner runway rural rustic saddle safari saffron saga sage
salad salami salmon salon salsa salt salute sample sand sandal sandwich sapling sapphire sardine
satchel satin saturn sauna savanna sawdust scale scallop scarf scatter scene scenic school science
scoop scooter score scout scroll scuba sculptor seagull seal season seaweed second secret section
sedan seed seesaw select senator senior sense sequel sequoia serene series sermon seven shade
shadow shallow shamrock shape share shark sharp shed sheep shelf shell shelter sheriff shield
shift shimmer shine ship shirt shop short shoulder shovel shower shrimp shrub shuffle shutter
shuttle sibling side sierra siesta sign signal silent silk silver similar simple single siren
sister sitar sizzle skate skeleton sketch skill skirt skunk slate sled sleek sleep sleeve slice
slide slipper slogan slope slow small smart smile smoke smooth snack snail snake snapper sneaker
snow snowman snug soap soccer social sock soda sofa soft soil solar solid solo sonar sonata song
sonnet sorbet sorrel soup south space spade spaniel spark sparrow spatula speak spear special
speech speed spell spice spider spike spin spinach spiral spirit splash sponge spoon sport spot
spray spring sprout spruce square squash squid squirrel stable stack stadium staff stage stallion
stamp stand staple star starch start state station statue steam steep stem stencil step stereo
stew stick stilt stitch stock stone stool storage stork storm story stove straw stream street
string stripe student studio study sturdy style subject submit subtle suburb subway sugar suit
summer summit sunday sundial sunny sunrise sunset supper supply supreme surf surface surprise
survey suspend swan sweater sweep swift swim swing switch sword sycamore syrup system table tablet
tackle taco tadpole taffy tailor talent tango tank tapestry tapioca target tariff tart tartan
tasty tavern taxi teacher teacup teal teapot teaspoon temper temple tempo tender tennis tent tepee
terrace terrier textile texture thank thatch theme theory thermos thicket thimble thirty thistle
thorn thread three thrift throat thrush thumb thunder tiara ticket tidal tiger tile timber timid
tinsel tiny toast today toddler toffee toga token tomato tomorrow tonic toolbox topaz topic torch
tornado tortoise total toucan touch tour towel tower town trace track tractor trade traffic trail
train tram transit trapeze travel tray treat treaty tree trellis trend triangle tribute trick
trinket trio triple trolley trophy tropic trout truck true trumpet trunk trust tuba tugboat tulip
tumble tuna tundra tunic tunnel turban turbine turkey turnip turret turtle tutor tweed twelve
twenty twig twilight twin twirl twist typhoon typical umbrella umpire uncle under uniform union
unique unit unity universe update upgrade uphill upper upright upward urban urchin useful usher
usual utensil utmost vacation vacuum valid valley value valve vanilla variety varnish vault vector
velvet vendor venture verb version vessel veteran viaduct vibrant victory video view village vine
vintage vinyl viola violet violin virtue vision visit visitor visor vista vital vivid vocal voice
volcano volley volume voter vowel voyage vulture wafer waffle wagon waiter walker wallaby wallet
walnut walrus waltz wander warbler warm warrior wasabi washer water wealth weasel weaver wedge
weekend welcome west wetland wharf wheat wheel whisk whisker whisper whistle white wick wicker
wide wild willow wind window wing winner winter wire wisdom wish wizard wolf wombat wonder wooden
wool word work world wreath wren wrestle wrist writer yard yarn yarrow year yeast yellow yodel
yoga yogurt young youth yucca zebra zenith zero zigzag zinc zinnia zipper zodiac zone zoom
zucchini
"""

WORDS = tuple(_TEXT.split())
